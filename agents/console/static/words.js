/* The words of the page: outcomes with their sign, reasons in short. */

/** By what a line of the stream or of a timeline is: its sign, its name, and what the filter calls it. */
export const OUTCOMES = {
  fired: { sign: "✓", name: "Sent", filter: "Sent" },
  refused: { sign: "✕", name: "Not sent", filter: "Not sent" },
  deferred: { sign: "…", name: "Put off", filter: "Put off" },
  closed: { sign: "■", name: "Ended early", filter: "Ended early" },
  cancelled: { sign: "↩", name: "Taken back", filter: "Taken back" },
  rejected: { sign: "!", name: "Rejected", filter: "Rejected" },
  faulty: { sign: "!", name: "Not read", filter: "Left out" },
  entered: { sign: "→", name: "Entered an audience", filter: "In" },
  left: { sign: "←", name: "Left an audience", filter: "Out" },
  shadow: { sign: "○", name: "In the shadow" },
  did: { sign: "·", name: "" },
  quiet: { sign: "–", name: "" },
};

/** Why an episode ends before its steps are due, in the order of the plot. */
export const ENDINGS = {
  converted: "they ordered",
  emptied: "the cart was emptied",
  superseded: "something more telling came",
  replaced: "a newer cart or visit came",
  moved: "another login on the device",
  expired: "too old",
  forgotten: "nothing heard for long",
  erased: "the person was erased",
  cancelled: "the order was taken back",
  left: "no longer in the audience",
  disabled: "recipe no longer in force",
};

/** Why a step that was due is held back, in the order in which the guards are asked. */
export const GUARDS = {
  too_soon: "too soon in the visit",
  paying: "about to pay",
  ordered: "ordered lately",
  already: "shown in this visit",
  unreachable: "no way to reach them",
  cooldown: "one was sent lately",
  consent: "no consent",
  cap: "enough messages for now",
  lower_priority: "something more important",
  holdout: "in the holdout",
  quiet: "quiet hours",
  past: "its time had gone by",
  joined: "another message tells it",
  expired: "too old",
  disabled: "recipe not enabled",
};

export const REASONS = { ...GUARDS, ...ENDINGS };

export const LATENCIES = {
  exit: ["Exit intent", "from the signal to the trigger"],
  due: ["Reminders", "from when they were due to the trigger"],
  cancel: ["Taken back", "from the order or withdrawal to the cancel"],
};

export const reason = (name) => REASONS[name] ?? name;
