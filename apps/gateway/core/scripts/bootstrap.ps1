# Fetches a longer script and runs it, if it is the one whose hash stands here: what came over plain HTTP is
# believed because this text came signed. The file has a random name and is written from the bytes that were
# hashed. One statement a line: cmd takes them all on one line (bootstrap.cmd).
# @begin
$ErrorActionPreference = 'Stop'
$bytes = (New-Object Net.WebClient).DownloadData('@URL@')
$hash = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)).Replace('-', '')
if ($hash -ne '@SHA256@') { [Console]::Error.WriteLine('the fetched script is not the one that was meant'); exit 97 }
# @if POWERSHELL
$file = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString() + '.ps1')
try { [IO.File]::WriteAllBytes($file, $bytes); & powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File $file; $code = $LASTEXITCODE } finally { Remove-Item -Force -ErrorAction SilentlyContinue $file }
# @else
$file = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString() + '.cmd')
try { [IO.File]::WriteAllBytes($file, $bytes); & cmd.exe /d /c $file; $code = $LASTEXITCODE } finally { Remove-Item -Force -ErrorAction SilentlyContinue $file }
# @end
exit $code
