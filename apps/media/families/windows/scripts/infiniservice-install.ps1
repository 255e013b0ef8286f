# Installs InfiniService. Carriers: setup-complete and first-logon try once, task tries until the service runs and then ends the installation.
param([string] $Carrier = 'manual')
$ErrorActionPreference = 'Stop'
$here = $PSScriptRoot
. (Join-Path $here 'report.ps1')
. (Join-Path $here 'network.ps1')
. (Join-Path $here 'finish.ps1')
$DownloadLog = Join-Path $env:SystemRoot 'Temp\infiniservice_download.log'
$Work = 'C:\Temp\InfiniService'
$StateKey = 'HKLM:\SOFTWARE\Infinibay\Install'
$FailuresBeforeReport = 10

function Test-Installed {
    $service = Get-Service -Name 'Infiniservice' -ErrorAction SilentlyContinue
    $folder = Join-Path $env:ProgramFiles 'Infiniservice'
    return ($null -ne $service) -and ($service.Status -eq 'Running') -and (Test-Path -LiteralPath $folder)
}

function Get-State([string] $Name) {
    $state = Get-ItemProperty -Path $StateKey -Name $Name -ErrorAction SilentlyContinue
    if ($state) { return $state.$Name }
    return $null
}

function Set-State([string] $Name, [string] $Value) {
    if (-not (Test-Path -Path $StateKey)) { $null = New-Item -Path $StateKey -Force }
    Set-ItemProperty -Path $StateKey -Name $Name -Value $Value
}

function New-WorkFolder {
    if (Test-Path -LiteralPath $Work) { Remove-Item -LiteralPath $Work -Recurse -Force }
    $null = New-Item -ItemType Directory -Path $Work -Force
    # What was checked must be what runs: nobody else may write here.
    & icacls.exe $Work /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null
    if ($LASTEXITCODE -ne 0) { throw ('icacls could not close ' + $Work) }
}

function Get-CheckedFile($Settings, [string] $Sha256, [long] $Bytes, [string] $Name) {
    $target = Join-Path $Work $Name
    $url = $Settings.distributionUrl + '/infiniservice/sha256/' + $Sha256
    for ($attempt = 1; $true; $attempt++) {
        try {
            Write-Log ('downloading ' + $Name + ' from ' + $url) $DownloadLog
            Receive-File $url $target $Bytes -Token $Settings.mediumProof
            break
        } catch {
            Write-Log ('attempt ' + $attempt + ': ' + $_.Exception.Message) $DownloadLog
            if ($attempt -ge 5) { throw }
            Start-Sleep -Seconds 3
        }
    }
    # Nothing that was downloaded runs before its hash matched.
    $found = (Get-FileHash -LiteralPath $target -Algorithm SHA256).Hash
    if ($found -ne $Sha256) {
        Remove-Item -LiteralPath $target -Force
        throw ($Name + ' does not have the sha256 that the install medium names: it is not used')
    }
    Write-Log ($Name + ' has the right sha256') $DownloadLog
    return $target
}

function Invoke-Installer($Settings, [string] $Script) {
    $env:INFINISERVICE_SHA256 = $Settings.binarySha256
    # By environment only: other users can read arguments.
    if ($Settings.channelSecret) { $env:INFINISERVICE_SHARED_SECRET = $Settings.channelSecret }
    $env:INFINISERVICE_MEDIUM_ID = $Settings.mediumId
    $env:INFINISERVICE_MEDIUM_PROOF = $Settings.mediumProof
    try {
        # In this mode a line on standard error is a line, not an exception.
        $ErrorActionPreference = 'Continue'
        & powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File $Script -ServiceMode normal -VmId $Settings.vmId 2>&1 |
            ForEach-Object { Write-Log ('install-windows.ps1: ' + $_) }
        $code = $LASTEXITCODE
    } finally {
        $ErrorActionPreference = 'Stop'
        $env:INFINISERVICE_SHA256 = $null
        $env:INFINISERVICE_SHARED_SECRET = $null
        $env:INFINISERVICE_MEDIUM_ID = $null
        $env:INFINISERVICE_MEDIUM_PROOF = $null
    }
    if ($code -ne 0) { throw ('install-windows.ps1 ended with ' + $code) }
}

function Install-GuestTools($Settings) {
    if (-not $Settings.guestTools -or (Get-State 'GuestTools')) { return }
    $log = Join-Path $env:SystemRoot 'Temp\infinibay_guest_tools.log'
    $tools = Start-Process -FilePath (Join-Path $here 'virtio-win-guest-tools.exe') -ArgumentList '/install', '/quiet', '/norestart', '/log', $log -Wait -PassThru
    # 3010: done, and a restart is wanted, which comes at the end anyway.
    if ($tools.ExitCode -ne 0 -and $tools.ExitCode -ne 3010) {
        Write-Log ('the guest tools ended with ' + $tools.ExitCode)
        return
    }
    Set-State 'GuestTools' 'installed'
}

function Install-Once($Settings) {
    if (Test-Installed) { return }
    Write-Log ('installing InfiniService ' + $Settings.version + ' (' + $Carrier + ')')
    Set-StaticNetwork $Settings
    if (-not (Get-State 'FirstBoot')) {
        Send-Report $Settings 'first-boot'
        Set-State 'FirstBoot' 'reported'
    }
    try { Install-GuestTools $Settings } catch { Write-Log ('guest tools: ' + $_.Exception.Message) }
    try {
        New-WorkFolder
        $null = Get-CheckedFile $Settings $Settings.binarySha256 $Settings.binaryBytes 'infiniservice.exe'
        $script = Get-CheckedFile $Settings $Settings.scriptSha256 $Settings.scriptBytes 'install-windows.ps1'
        Invoke-Installer $Settings $script
    } finally {
        if (Test-Path -LiteralPath $Work) { Remove-Item -LiteralPath $Work -Recurse -Force -ErrorAction SilentlyContinue }
    }
    for ($second = 0; -not (Test-Installed); $second++) {
        if ($second -ge 60) { throw 'the service Infiniservice does not run after its installation' }
        Start-Sleep -Seconds 1
    }
    Write-Log 'InfiniService runs'
}

$mutex = New-Object System.Threading.Mutex($false, 'Global\InfinibayInstall')
function Enter-Turn {
    try {
        if ($Carrier -eq 'task') { return $mutex.WaitOne() }
        # Another carrier is at it already.
        return $mutex.WaitOne(0)
    } catch [System.Threading.AbandonedMutexException] {
        return $true
    }
}

$settings = Get-Content -LiteralPath $SettingsFile -Raw | ConvertFrom-Json
$failures = 0
while ($true) {
    if (Enter-Turn) {
        try {
            Install-Once $settings
        } catch {
            $failures++
            Write-Log ($_.Exception.Message)
            if ($failures -eq $FailuresBeforeReport) { Send-Report $settings 'failed' $_.Exception.Message }
        } finally {
            $mutex.ReleaseMutex()
        }
    }
    if ($Carrier -eq 'first-logon') { Set-State 'FirstLogon' 'done' }
    if ($Carrier -ne 'task') { break }
    if ((Test-Installed) -and (Test-SetupOver $settings)) {
        Complete-Installation $settings $here
        break
    }
    Start-Sleep -Seconds 15
}
exit 0
