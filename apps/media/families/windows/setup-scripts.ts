import { readScript, renderScript } from '#script-files';

/** Files of a seed, by which its scripts find it and each other. `\` as Windows has it, without a drive. */
export const SEED_MARKER = 'infinibay\\seed.id';
/** On the installed system; the folder is for SYSTEM and Administrators only, and is removed at the end. */
export const SCRIPTS = '%SystemRoot%\\Setup\\Scripts';
export const INSTALL_FOLDER = `${SCRIPTS}\\infinibay`;
export const INSTALL_TASK = 'Infinibay Install';

/**
 * A medium's own id, as it becomes a folder's name on the EFI partition: neither cmd nor GRUB finds anything
 * to interpret in it.
 */
export function checkMediumId(id: string): string {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(id))
    throw new Error('a medium id has letters, digits and hyphens only, 64 at most');
  return id;
}

/**
 * One command line that looks for the seed on every drive and runs a script there: letters differ from
 * machine to machine.
 */
export const onSeed = (script: string): string =>
  `cmd.exe /c for %i in (C D E F G H I J K L M N O P Q R S T U V W Y Z) do if exist %i:\\${SEED_MARKER} call %i:\\infinibay\\${script}`;

/** Runs the installing script; `carrier` tells the log who did. */
export const runInstall = (carrier: string, folder = INSTALL_FOLDER): string =>
  `powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "${folder}\\infiniservice-install.ps1" -Carrier ${carrier}`;

const read = (file: string): string => readScript(import.meta.dirname, `scripts/${file}`);

const WINPE = read('winpe.cmd');

/**
 * Windows PE: drivers, the disk, the partitions. Setup goes on after it whatever its exit code is, so that a
 * fault must not return. `drvload` before anything else: setup reads `$WinPEDriver$` only after these
 * commands, and without a storage driver there is no disk to look at.
 */
export const winpeCommands = (mediumId: string, firmware: 'uefi' | 'bios'): string =>
  renderScript(WINPE, { MEDIUM_ID: firmware === 'uefi' ? checkMediumId(mediumId) : null });

/**
 * Specialize pass, as SYSTEM: everything that the installed system needs comes off the seed here, and the
 * seed may go afterwards.
 */
export const SPECIALIZE_COMMANDS = renderScript(read('specialize.cmd'), {
  RUN_INSTALL: runInstall('task').replaceAll('"', '\\"'),
  SCRIPTS,
  TASK: INSTALL_TASK,
});

/**
 * After setup and before the first logon, as SYSTEM; Windows does not run it with an OEM key, and a restart
 * here would break setup.
 */
export const SETUP_COMPLETE = renderScript(read('SetupComplete.cmd'), {
  RUN_INSTALL: runInstall('setup-complete'),
});

/**
 * The documented seven steps, once, whoever carries them. SetupComplete and FirstLogonCommands try once; the
 * task goes on until the service runs, and then ends the installation.
 */
export const INSTALL_SCRIPT = read('infiniservice-install.ps1');
/**
 * The end of an installation, by the task only: SetupComplete must not restart Windows (Microsoft, "Add a
 * custom script to Windows Setup").
 */
export const FINISH_SCRIPT = renderScript(read('finish.ps1'), { TASK: INSTALL_TASK });
/**
 * Tells how far the installation is. Also run by itself, with a phase. A report that fails is a line in the
 * log and nothing else.
 */
export const REPORT_SCRIPT = read('report.ps1');
/** Downloads and reports go through it: each has an end in bytes and in time. */
export const HTTP_SCRIPT = read('http.ps1');
/** Static addresses by MAC or name. Any number of runs ends in the same state. */
export const NETWORK_SCRIPT = read('network.ps1');

/** FirstLogonCommands' only line: quiet when another carrier has finished and removed the folder. */
export const firstLogonCommand = (): string =>
  `cmd.exe /c if exist "${INSTALL_FOLDER}\\infiniservice-install.ps1" ${runInstall('first-logon')}`;
