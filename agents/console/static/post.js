/* Requests to the console. */

/** { ok, status, data } of a JSON answer. Rejects if the console does not answer. */
export async function ask(method, path, { given, headers = {}, signal } = {}) {
  const body = given === undefined ? {} : { body: JSON.stringify(given), headers: { "Content-Type": "application/json", ...headers } };
  const response = await fetch(path, { method, signal, ...body });
  let data;
  try {
    data = await response.json();
  } catch {
    data = { fault: `The console answered ${response.status}.` };
  }
  return { ok: response.ok, status: response.status, data };
}

export const post = (path, given, more = {}) => ask("POST", path, { given, ...more });
