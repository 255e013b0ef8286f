import { describe, expect, it } from '@jest/globals';
import { CHANNEL_LIMITS, PROTOCOL_VERSION } from '#protocol';
import { HELLO_DEADLINE_MS } from '../../apps/gateway/channel/hello-deadline.js';
import { read } from './files.js';

const AGENT = 'infiniservice/src';

/** What stands behind a name in a source; a fact that cannot be found is no fact that agrees. */
function found(path: string, pattern: RegExp): string {
  const [, value] = pattern.exec(read(path)) ?? [];
  if (value === undefined) throw new Error(`${path} has nothing like ${pattern}`);
  return value;
}
const numberIn = (path: string, pattern: RegExp): number => Number(found(path, pattern).replaceAll('_', ''));

describe('what the agent repeats of the suite', () => {
  it('is the version of the protocol', () => {
    expect(numberIn(`${AGENT}/config.rs`, /^pub const PROTOCOL: u32 = ([\d_]+);/m)).toBe(PROTOCOL_VERSION);
  });

  it('is the longest line that it is sent', () => {
    expect(numberIn(`${AGENT}/channel/line.rs`, /^pub const LIMIT: usize = ([\d_]+);/m)).toBe(
      CHANNEL_LIMITS.lineToGuest,
    );
  });

  it('is what is kept of an output where no limit is named, and at the most', () => {
    const limit = (name: string): number =>
      numberIn(`${AGENT}/run/capture.rs`, new RegExp(`^const ${name}_LIMIT: u64 = ([\\d_]+);`, 'm'));
    // The agent keeps a half of it at each end.
    expect(CHANNEL_LIMITS.outputHead).toBe(CHANNEL_LIMITS.outputTail);
    expect(limit('USUAL')).toBe(CHANNEL_LIMITS.outputHead + CHANNEL_LIMITS.outputTail);
    expect(limit('HIGHEST')).toBeGreaterThanOrEqual(limit('USUAL'));
    // Two streams, of which JSON may make six bytes of one.
    expect(2 * 6 * limit('HIGHEST')).toBeLessThan(CHANNEL_LIMITS.lineFromGuest);
  });

  it('is a pause between two attempts below the time that a gateway waits for its hello', () => {
    const seconds = numberIn(
      `${AGENT}/session/connection.rs`,
      /^const LONGEST_PAUSE: Duration = Duration::from_secs\(([\d_]+)\);/m,
    );
    expect(seconds * 1000).toBeLessThan(HELLO_DEADLINE_MS.ours);
  });

  it('is the mark in the place of what was cut, which passwords are crossed out beside', () => {
    const mark = String.raw`\n… N bytes cut …\n`;
    expect({
      agent: found(`${AGENT}/run/capture.rs`, /format!\("\{\}(.* bytes cut .*)\{\}"/).replace('{cut}', 'N'),
      gateway: found('apps/gateway/core/output.ts', /\}(\\n.* bytes cut .*\\n)\$/).replace('${cut}', 'N'),
      redactor: found('apps/gateway/core/redactor.ts', /^const CUT = \/(.*)\/;/m).replace(
        String.raw`\d+`,
        'N',
      ),
    }).toEqual({ agent: mark, gateway: mark, redactor: mark });
  });
});
