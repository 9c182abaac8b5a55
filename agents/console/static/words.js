/* The words of the page: outcomes with their signs, and reasons in short. */

/** For each kind of line in the stream or a timeline: its sign, its name, and its name in the filter. */
export const OUTCOMES = {
  fired: { sign: "✓", name: "Sent", filter: "Sent" },
  refused: { sign: "✕", name: "Held back", filter: "Held back" },
  deferred: { sign: "…", name: "Deferred", filter: "Deferred" },
  closed: { sign: "■", name: "Ended early", filter: "Ended early" },
  cancelled: { sign: "↩", name: "Cancelled", filter: "Cancelled" },
  rejected: { sign: "!", name: "Rejected", filter: "Rejected" },
  faulty: { sign: "!", name: "Left out", filter: "Left out" },
  entered: { sign: "→", name: "Entered an audience", filter: "In" },
  left: { sign: "←", name: "Left an audience", filter: "Out" },
  shadow: { sign: "○", name: "Shadow" },
  did: { sign: "·", name: "" },
  quiet: { sign: "–", name: "" },
};

/** Why an episode ends with steps left, in the order of the plot. */
export const ENDINGS = {
  converted: "they ordered",
  emptied: "the cart was emptied",
  superseded: "a stronger signal came",
  replaced: "a newer cart or visit came",
  moved: "another login on the device",
  expired: "too old",
  forgotten: "inactive for too long",
  erased: "the person was erased",
  cancelled: "the order was cancelled",
  left: "no longer in the audience",
  disabled: "recipe no longer in force",
};

/** Why a due step is held back, in the order of the guards. */
export const GUARDS = {
  too_soon: "too soon in the visit",
  paying: "about to pay",
  ordered: "ordered lately",
  already: "shown in this visit",
  unreachable: "no channel reaches them",
  cooldown: "in the cooldown",
  consent: "no consent",
  cap: "frequency cap",
  lower_priority: "a more important message",
  holdout: "in the holdout",
  quiet: "quiet hours",
  past: "its time had passed",
  joined: "part of another message",
  expired: "too old",
  disabled: "recipe not enabled",
};

export const REASONS = { ...GUARDS, ...ENDINGS };

export const LATENCIES = {
  exit: ["Exit intent", "from the signal to the trigger"],
  due: ["Reminders", "from the due time to the trigger"],
  cancel: ["Cancels", "from the order or withdrawal to the cancel"],
};

export const reason = (name) => REASONS[name] ?? name;
