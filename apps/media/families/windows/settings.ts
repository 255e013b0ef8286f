import { interfacesOf, type MediaRequest } from '#protocol';
import type { AgentInstall } from '../linux/agent-files.js';
import { jsonAscii } from '../../escape.js';
import { findWindowsVersion } from './versions.js';

/**
 * What the installing script reads. All that a request carries goes to PowerShell through this file, as data:
 * no value stands in a script's text. It holds the channel secret, the medium's proof and the report token,
 * and goes with its folder at the end.
 */
export function settingsFile(request: MediaRequest, install: AgentInstall, autoLogon: boolean): string {
  const { vmId, mediumId, mediumProof, distributionUrl, pins, channelSecret, reporting } = install;
  return `${jsonAscii({
    vmId,
    mediumId,
    mediumProof,
    distributionUrl,
    version: pins.version,
    binarySha256: pins.binarySha256,
    binaryBytes: pins.binaryBytes,
    scriptSha256: pins.scriptSha256,
    scriptBytes: pins.scriptBytes,
    channelSecret,
    reporting,
    guestTools: request.windows?.guestTools ?? false,
    autoLogon,
    disableAdministrator: findWindowsVersion(request.os.version)?.kind === 'server',
    network: interfacesOf(request).map(({ match, dhcp, addresses, gateway, dns }) => ({
      // As Get-NetAdapter prints it.
      mac: 'mac' in match ? match.mac.replaceAll(':', '-').toUpperCase() : null,
      name: 'name' in match ? match.name : null,
      dhcp,
      addresses: addresses.map((cidr) => {
        const [address, prefix] = cidr.split('/');
        return { address, prefix: Number(prefix) };
      }),
      gateway: gateway ?? null,
      dns,
    })),
  })}\n`;
}
