/** The session of this browser tab, kept so that a reload or a lost connection resumes it. */

const KEY = 'neurarium_session';

interface Remembered {
  session: string;
  token: string;
  address: string;
}

/** What is remembered even where the browser offers no storage; a reload then begins a new session. */
let memory: Remembered | null = null;

function readStorage(): Remembered | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Partial<Remembered> | null;
    if (typeof found?.session !== 'string' || typeof found.token !== 'string') return null;
    return { session: found.session, token: found.token, address: String(found.address) };
  } catch {
    return null;
  }
}

/** The session begun from `address` (query and fragment), or null. */
export function recallSession(address: string): { session: string; token: string } | null {
  const found = memory ?? readStorage();
  return found?.address === address ? { session: found.session, token: found.token } : null;
}

export function rememberSession(session: string, token: string, address: string): void {
  memory = { session, token, address };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    // `memory` is enough for reconnecting.
  }
}

/** The next page begins a new session. */
export function forgetSession(): void {
  memory = null;
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
