/** The branch and its queues as the kiosk follows them. */
import type { Api } from '@kit/api';
import { asProblem, type ApiProblem } from '@kit/api';
import { getBranch, getDevices, getQueues } from '@kit/calls';
import { useFollow } from '@kit/follow';
import { setBoxNow, setTimezone } from '@kit/time';
import type { BranchView, DeviceView, LiveEvent } from '@kit/types';
import { onScopeDispose, shallowRef } from 'vue';

const BRANCH_EVERY_MS = 30_000;

export function useBranch(api: Api, token: () => string | null, onEvent: (event: LiveEvent) => void = () => undefined) {
  const branch = shallowRef<BranchView | null>(null);
  const devices = shallowRef<DeviceView[]>([]);
  const refused = shallowRef<ApiProblem | null>(null);

  async function lookAtBranch(): Promise<void> {
    const fresh = await getBranch(api);
    setBoxNow(fresh.now);
    setTimezone(fresh.branch.timezone);
    branch.value = fresh;
  }

  /** A kiosk that may not list devices still issues numbers: it then shows no word about printers or readers. */
  async function lookAtDevices(): Promise<void> {
    try {
      devices.value = (await getDevices(api)).devices;
    } catch (error) {
      if (asProblem(error).status !== 403) throw error;
    }
  }

  function hearDevice(event: LiveEvent): void {
    onEvent(event);
    if (event.type !== 'devices.status') return;
    const heard = event.body as unknown as DeviceView;
    devices.value = [...devices.value.filter((device) => device.id !== heard.id), heard];
  }

  const queues = useFollow({
    topics: ['queue', 'devices', 'forecast', 'recognition'],
    token,
    load: async () => {
      try {
        await Promise.all([lookAtBranch(), lookAtDevices()]);
        const fresh = await getQueues(api);
        refused.value = null;
        return fresh;
      } catch (error) {
        const problem = asProblem(error);
        if (problem.status === 401 || problem.status === 403) refused.value = problem;
        throw error;
      }
    },
    onEvent: hearDevice,
    reloadOn: (event) => event.type.startsWith('queue.') || event.type.startsWith('org.'),
  });
  const timer = setInterval(() => { void queues.reload(); }, BRANCH_EVERY_MS);
  onScopeDispose(() => { clearInterval(timer); });

  return { branch, devices, refused, queues };
}
