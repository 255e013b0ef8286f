rem Runs bootstrap.ps1, its statements on one line.
rem @begin
@powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "@STATEMENTS@"
@exit /b %ERRORLEVEL%
