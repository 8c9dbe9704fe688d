/** Who this page speaks as: an enrolled device (kiosk, display) or a signed-in member of staff. */
import { readonly, shallowRef } from 'vue';
import { Api, ApiProblem } from './api';
import { getSession, signIn, signOut } from './calls';
import { remember, recall } from './storage';
import type { StaffSession } from './types';

const DEVICE_TOKEN = 'bb.device_token';

/**
 * The device's token: from the address's fragment the first time (`/kiosk#token=…`, then kept and taken out of the
 * address bar), afterwards from this browser's storage. null: this machine is not enrolled.
 */
export function takeDeviceToken(slot = DEVICE_TOKEN): string | null {
  const offered = new URLSearchParams(location.hash.slice(1)).get('token');
  if (offered) {
    remember(slot, offered);
    history.replaceState(null, '', location.pathname + location.search);
    return offered;
  }
  return recall(slot);
}

/** A device page's client: every call carries its token. */
export function deviceApi(): { api: Api; token: () => string | null } {
  const held = takeDeviceToken();
  const token = (): string | null => held;
  return { api: new Api({ token }), token };
}

/** Staff pages rely on the HttpOnly cookie; no staff token is kept where a script could read it. */
export function useStaff(api: Api) {
  const session = shallowRef<StaffSession | null>(null);
  const known = shallowRef(false);

  async function look(): Promise<void> {
    try {
      session.value = await getSession(api);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 401) throw error;
      session.value = null;
    }
    known.value = true;
  }

  async function enter(staff_no: string, password: string): Promise<void> {
    const { staff, expires_at } = await signIn(api, staff_no, password);
    session.value = { staff, expires_at };
    known.value = true;
  }

  async function leave(): Promise<void> {
    await signOut(api);
    session.value = null;
  }

  return { session: readonly(session), known: readonly(known), look, enter, leave };
}
