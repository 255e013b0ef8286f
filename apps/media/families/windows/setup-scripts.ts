import { COMPLETE, EFI_LETTER } from './disk-script.js';

/** Files of a seed, by which its scripts find it and each other. `\` as Windows has it, without a drive. */
export const SEED_MARKER = 'infinibay\\seed.id';
/** On the installed system; the folder is for SYSTEM and Administrators only, and is removed at the end. */
export const SCRIPTS = '%SystemRoot%\\Setup\\Scripts';
export const INSTALL_FOLDER = `${SCRIPTS}\\infinibay`;
export const INSTALL_TASK = 'Infinibay Install';

/** A medium's own id, as it becomes a folder's name on the EFI partition: neither cmd nor GRUB finds anything to interpret in it. */
export function checkMediumId(id: string): string {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(id))
    throw new Error('a medium id has letters, digits and hyphens only, 64 at most');
  return id;
}

/** One command line that looks for the seed on every drive and runs a script there: letters differ from machine to machine. */
export const onSeed = (script: string): string =>
  `cmd.exe /c for %i in (C D E F G H I J K L M N O P Q R S T U V W Y Z) do if exist %i:\\${SEED_MARKER} call %i:\\infinibay\\${script}`;

/** Runs the installing script; `carrier` tells the log who did. */
export const runInstall = (carrier: string, folder = INSTALL_FOLDER): string =>
  `powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "${folder}\\infiniservice-install.ps1" -Carrier ${carrier}`;

/**
 * Windows PE: drivers, the disk, the partitions. Setup goes on after it whatever its exit code is, so that a fault must not return.
 * `drvload` before anything else: setup reads `$WinPEDriver$` only after these commands, and without a storage driver there is no disk to look at.
 */
export const winpeCommands = (mediumId: string, firmware: 'uefi' | 'bios'): string => `@echo off
rem Runs in Windows PE: loads the drivers, chooses the disk by rule and partitions it. Nothing is written before the rule has chosen one disk.
setlocal
set "SEED=%~d0"
set "WORK=X:\\infinibay"
if not exist "%WORK%" mkdir "%WORK%"
if exist "%SEED%\\$WinPEDriver$" for /r "%SEED%\\$WinPEDriver$" %%f in (*.inf) do drvload "%%f"
cscript //nologo //E:vbscript "%SEED%\\infinibay\\disk.vbs" %SEED% >"%WORK%\\partition.txt"
if errorlevel 1 goto refused
rem An error inside cscript ends with exit code 0: only a script that is there to its last line counts.
set "COMPLETE="
for /f "usebackq tokens=1,2" %%a in ("%WORK%\\partition.txt") do if "%%a %%b"=="${COMPLETE}" set "COMPLETE=yes"
if not defined COMPLETE goto refused
diskpart /s "%WORK%\\partition.txt" >"%WORK%\\diskpart.log"
if errorlevel 1 goto failed
${
  firmware === 'uefi'
    ? `rem The seed's boot loader starts what this medium has installed, and nothing that was on the disk before.
mkdir "${EFI_LETTER}:\\infinibay\\${checkMediumId(mediumId)}"
if errorlevel 1 goto failed
`
    : ''
}exit /b 0

:refused
type "%WORK%\\partition.txt"
echo Infinibay: Windows is not installed, and no disk was written. Change the request or the machine, and start it again.
goto halt

:failed
type "%WORK%\\diskpart.log"
echo Infinibay: the disk could not be partitioned by %WORK%\\partition.txt: Windows is not installed.

:halt
pause >nul
goto halt
`;

/** Specialize pass, as SYSTEM: everything that the installed system needs comes off the seed here, and the seed may go afterwards. */
export const SPECIALIZE_COMMANDS = `@echo off
rem Runs in the specialize pass as SYSTEM.
setlocal
set "SEED=%~d0"
set "SCRIPTS=${SCRIPTS}"
set "LOG=%SystemRoot%\\Temp\\infiniservice_install.log"
>>"%LOG%" echo specialize: seed found on %SEED%

rem The hypervisor's clock is UTC.
reg add "HKLM\\SYSTEM\\CurrentControlSet\\Control\\TimeZoneInformation" /v RealTimeIsUniversal /t REG_DWORD /d 1 /f >>"%LOG%" 2>&1

rem The folder is closed before anything secret is in it.
if not exist "%SCRIPTS%\\infinibay" mkdir "%SCRIPTS%\\infinibay"
icacls "%SCRIPTS%\\infinibay" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F >>"%LOG%" 2>&1
xcopy "%SEED%\\Setup\\Scripts" "%SCRIPTS%" /e /i /h /r /y /q >>"%LOG%" 2>&1

powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "%SCRIPTS%\\infinibay\\report.ps1" -Phase installer-started >>"%LOG%" 2>&1
if exist "%SEED%\\drivers" for %%c in (%SEED%\\drivers\\*.cer) do certutil -f -addstore TrustedPublisher "%%~c" >>"%LOG%" 2>&1
if exist "%SEED%\\drivers" pnputil /add-driver "%SEED%\\drivers\\*.inf" /subdirs /install >>"%LOG%" 2>&1

powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "%SCRIPTS%\\infinibay\\report.ps1" -Phase packages >>"%LOG%" 2>&1

rem By start, not by clock: the clock may still jump.
schtasks /create /f /tn "${INSTALL_TASK}" /sc onstart /ru SYSTEM /rl HIGHEST /tr "${runInstall('task').replaceAll('"', '\\"')}" >>"%LOG%" 2>&1
exit /b 0
`;

/** After setup and before the first logon, as SYSTEM; Windows does not run it with an OEM key, and a restart here would break setup. */
export const SETUP_COMPLETE = `@echo off
rem Runs as SYSTEM when Windows setup is done, before anybody logs on.
${runInstall('setup-complete')}
exit /b 0
`;

/** FirstLogonCommands' only line: quiet when another carrier has finished and removed the folder. */
export const firstLogonCommand = (): string =>
  `cmd.exe /c if exist "${INSTALL_FOLDER}\\infiniservice-install.ps1" ${runInstall('first-logon')}`;
