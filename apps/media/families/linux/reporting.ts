import { shWord } from '../../escape.js';

/** Phases of an installation, in the order in which a machine passes them; `failed` may come at any time. */
export const INSTALL_PHASES = [
  'booted',
  'installer-started',
  'partitioning',
  'packages',
  'first-boot',
  'agent-installed',
  'failed',
] as const;
export type InstallPhase = (typeof INSTALL_PHASES)[number];

/**
 * Where a machine tells how far its installation is: `POST url` with `Authorization: Bearer token` and the JSON
 * `{"phase": InstallPhase, "reason"?: text, "logTail"?: text}`. A report that fails never stops an installation.
 */
export interface Reporting {
  /** `http(s)://host:port/install/events` */
  url: string;
  /** Letters, digits, `-` and `_` only. */
  token: string;
}

/**
 * The one place that says where installations report to, and under which token.
 * @param url where events are taken; without one an installation reports nothing
 */
export function installReporting(url: string | undefined, token: string): Reporting | null {
  return url === undefined ? null : { url, token };
}

/** The settings by which `REPORT_FUNCTION` finds the way, as lines of sh. */
export function reportSettings({ url, token }: Reporting): string {
  return `INFINIBAY_REPORT_URL=${shWord(url)}\nINFINIBAY_REPORT_TOKEN=${shWord(token)}\n`;
}

/** Bytes of a log's end, and of a reason, that a report carries. */
const LOG_TAIL_BYTES = 4096;
const REASON_BYTES = 2048;

/**
 * POSIX sh that defines `report PHASE [REASON [LOGFILE]]`, which reads `reportSettings` from the environment, does nothing without them, always
 * succeeds and takes 15 seconds at most; `try_report` tells whether it arrived. Any bytes may be in a reason or log: the JSON is pure ASCII, what is no UTF-8 becomes U+FFFD (RFC 8259, 7).
 * It needs curl 7.55; without od or awk the text is left out.
 */
export const REPORT_FUNCTION = `json_text() {
    command -v awk >/dev/null 2>&1 && command -v od >/dev/null 2>&1 || return 0
    od -An -v -tu1 | LC_ALL=C awk '
        function unit(code) { printf "\\\\u%04x", code }
        function broken() { if (want > 0) { unit(65533); want = 0 } }
        {
            for (i = 1; i <= NF; i++) {
                byte = $i + 0
                if (want > 0 && byte >= low && byte <= high) {
                    code = code * 64 + byte - 128
                    low = 128; high = 191
                    if (--want > 0) continue
                    if (code < 65536) unit(code)
                    else { code -= 65536; unit(55296 + int(code / 1024)); unit(56320 + code % 1024) }
                    continue
                }
                broken()
                low = 128; high = 191
                if (byte == 34 || byte == 92) printf "\\\\%c", byte
                else if (byte >= 32 && byte < 127) printf "%c", byte
                # Databases refuse U+0000.
                else if (byte > 0 && byte < 128) unit(byte)
                else if (byte >= 194 && byte <= 223) { want = 1; code = byte - 192 }
                else if (byte >= 224 && byte <= 239) {
                    want = 2; code = byte - 224
                    if (byte == 224) low = 160
                    if (byte == 237) high = 159
                }
                else if (byte >= 240 && byte <= 244) {
                    want = 3; code = byte - 240
                    if (byte == 240) low = 144
                    if (byte == 244) high = 143
                }
                else unit(65533)
            }
        }
        END { broken() }'
}

try_report() {
    [ -n "\${INFINIBAY_REPORT_URL:-}" ] && command -v curl >/dev/null 2>&1 || return 1
    report_body="{\\"phase\\":\\"$1\\""
    if [ -n "\${2:-}" ]; then
        report_text=$(printf %s "$2" | head -c ${REASON_BYTES} | json_text)
        [ -z "$report_text" ] || report_body="$report_body,\\"reason\\":\\"$report_text\\""
    fi
    if [ -n "\${3:-}" ] && [ -r "$3" ]; then
        report_text=$(tail -c ${LOG_TAIL_BYTES} "$3" | json_text)
        [ -z "$report_text" ] || report_body="$report_body,\\"logTail\\":\\"$report_text\\""
    fi
    # The token is no argument: others could read it there.
    printf 'Authorization: Bearer %s\\n' "\${INFINIBAY_REPORT_TOKEN:-}" |
        curl --fail --silent --output /dev/null --noproxy '*' --connect-timeout 5 --max-time 15 --request POST --header @- \\
            --header 'Content-Type: application/json' --data-binary "$report_body}" "$INFINIBAY_REPORT_URL" >/dev/null 2>&1
}

report() { try_report "$@" || true; }
`;

/**
 * One report as sh text that stands alone: it never fails and leaves no name behind. Empty without `reporting`.
 * @param more.reason what a human should read; @param more.log an absolute path whose last 4 KiB go along
 */
export function reportCommand(
  reporting: Reporting | null,
  phase: InstallPhase,
  more: { reason?: string; log?: string } = {},
): string {
  if (!reporting) return '';
  const words = [phase, more.reason ?? '', more.log ?? ''].map(shWord).join(' ');
  return `(\n${reportSettings(reporting)}${REPORT_FUNCTION}report ${words}\n) || true\n`;
}

/**
 * The `reporting` section of an autoinstall. curtin's webhook (its `reporter/handlers.py`) knows OAuth 1.0 only: it sends its own events
 * (`name`, `event_type`, `description`, `result`) with the token as `oauth_token` of a PLAINTEXT signature, next to the reports of `reportCommand`.
 */
export function subiquityReporting({ url, token }: Reporting): Record<string, unknown> {
  return {
    infinibay: {
      type: 'webhook',
      endpoint: url,
      level: 'INFO',
      consumer_key: 'infinibay',
      token_key: token,
      token_secret: token,
    },
  };
}
