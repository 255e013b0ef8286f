@echo off
rem Runs as SYSTEM when Windows setup is done, before anybody logs on.
@RUN_INSTALL@
exit /b 0
