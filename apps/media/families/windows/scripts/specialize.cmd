@echo off
rem Runs in the specialize pass as SYSTEM.
setlocal
set "SEED=%~d0"
set "SCRIPTS=@SCRIPTS@"
set "LOG=%SystemRoot%\Temp\infiniservice_install.log"
>>"%LOG%" echo specialize: seed found on %SEED%

rem The hypervisor's clock is UTC.
reg add "HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation" /v RealTimeIsUniversal /t REG_DWORD /d 1 /f >>"%LOG%" 2>&1

rem The folder is closed before anything secret is in it.
if not exist "%SCRIPTS%\infinibay" mkdir "%SCRIPTS%\infinibay"
icacls "%SCRIPTS%\infinibay" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F >>"%LOG%" 2>&1
xcopy "%SEED%\Setup\Scripts" "%SCRIPTS%" /e /i /h /r /y /q >>"%LOG%" 2>&1

powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "%SCRIPTS%\infinibay\report.ps1" -Phase installer-started >>"%LOG%" 2>&1
if exist "%SEED%\drivers" for %%c in (%SEED%\drivers\*.cer) do certutil -f -addstore TrustedPublisher "%%~c" >>"%LOG%" 2>&1
if exist "%SEED%\drivers" pnputil /add-driver "%SEED%\drivers\*.inf" /subdirs /install >>"%LOG%" 2>&1

powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "%SCRIPTS%\infinibay\report.ps1" -Phase packages >>"%LOG%" 2>&1

rem By start, not by clock: the clock may still jump.
schtasks /create /f /tn "@TASK@" /sc onstart /ru SYSTEM /rl HIGHEST /tr "@RUN_INSTALL@" >>"%LOG%" 2>&1
exit /b 0
