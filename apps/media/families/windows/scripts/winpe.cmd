@echo off
rem Runs in Windows PE: loads the drivers, chooses the disk by rule and partitions it. Nothing is written before the rule has chosen one disk.
setlocal
set "SEED=%~d0"
set "WORK=X:\infinibay"
if not exist "%WORK%" mkdir "%WORK%"
if exist "%SEED%\$WinPEDriver$" for /r "%SEED%\$WinPEDriver$" %%f in (*.inf) do drvload "%%f"
cscript //nologo //E:vbscript "%SEED%\infinibay\disk.vbs" %SEED% >"%WORK%\partition.txt"
if errorlevel 1 goto refused
rem An error inside cscript ends with exit code 0: only a script that is there to its last line counts.
set "COMPLETE="
for /f "usebackq tokens=1,2" %%a in ("%WORK%\partition.txt") do if "%%a %%b"=="rem complete" set "COMPLETE=yes"
if not defined COMPLETE goto refused
diskpart /s "%WORK%\partition.txt" >"%WORK%\diskpart.log"
if errorlevel 1 goto failed
rem @if MEDIUM_ID
rem The seed's boot loader starts what this medium has installed, and nothing that was on the disk before.
mkdir "S:\infinibay\@MEDIUM_ID@"
if errorlevel 1 goto failed
rem @end
exit /b 0

:refused
type "%WORK%\partition.txt"
echo Infinibay: Windows is not installed, and no disk was written. Change the request or the machine, and start it again.
goto halt

:failed
type "%WORK%\diskpart.log"
echo Infinibay: the disk could not be partitioned by %WORK%\partition.txt: Windows is not installed.

:halt
pause >nul
goto halt
