# Ends the installation: removes what setup has left, reports, restarts. Dot-sourced.
function Test-SetupOver($Settings) {
    $state = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State' -ErrorAction SilentlyContinue
    if (-not $state -or $state.ImageState -ne 'IMAGE_STATE_COMPLETE') { return $false }
    if (-not $Settings.autoLogon) { return $true }
    # The first logon has its own turn, but an installation does not wait for it for ever.
    if (Get-State 'FirstLogon') { return $true }
    $running = (Get-Date) - (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime
    return $running.TotalMinutes -gt 30
}

function Remove-Leftovers {
    $answerFiles = @(
        'Panther\unattend*.xml', 'Panther\autounattend*.xml', 'Panther\Unattend\*.xml',
        'System32\Sysprep\unattend*.xml', 'System32\Sysprep\Panther\unattend*.xml'
    )
    foreach ($pattern in $answerFiles) {
        Remove-Item -Path (Join-Path $env:SystemRoot $pattern) -Force -ErrorAction SilentlyContinue
    }
    Remove-Item -Path (Join-Path $env:SystemDrive '*unattend.xml') -Force -ErrorAction SilentlyContinue
    Remove-ItemProperty -Path 'HKLM:\SYSTEM\Setup' -Name 'UnattendFile' -ErrorAction SilentlyContinue
    Remove-Item -LiteralPath (Join-Path $env:SystemRoot 'Setup\Scripts\SetupComplete.cmd') -Force -ErrorAction SilentlyContinue
}

function Reset-AutoLogon {
    $winlogon = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
    Set-ItemProperty -Path $winlogon -Name 'AutoAdminLogon' -Value '0'
    foreach ($name in 'DefaultPassword', 'AutoLogonCount', 'AutoLogonSID') {
        Remove-ItemProperty -Path $winlogon -Name $name -ErrorAction SilentlyContinue
    }
}

# The answer file had to give the built-in account a password; the machine has an administrator of its own. By SID: the name is in the medium's language.
function Disable-BuiltInAdministrator {
    Get-LocalUser | Where-Object { $_.SID.Value -like 'S-1-5-21-*-500' } | Disable-LocalUser
}

function Complete-Installation($Settings, [string] $Folder) {
    $steps = @(
        { Remove-Leftovers },
        { Reset-AutoLogon },
        { if ($Settings.disableAdministrator) { Disable-BuiltInAdministrator } }
    )
    foreach ($step in $steps) {
        try { & $step } catch { Write-Log ('cleaning up: ' + $_.Exception.Message) }
    }
    Send-Report $Settings 'agent-installed' '' 12
    Write-Log 'the installation is done; Windows restarts'
    Remove-Item -LiteralPath $Folder -Recurse -Force -ErrorAction SilentlyContinue
    & schtasks.exe /delete /tn '@TASK@' /f | Out-Null
    & shutdown.exe /r /t 5 /d p:2:4 | Out-Null
}
