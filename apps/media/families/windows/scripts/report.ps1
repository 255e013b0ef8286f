# Reports how far the installation is. Dot-sourced for its functions, or run with -Phase.
param([string] $Phase = '')
$ProgressPreference = 'SilentlyContinue'
$InstallLog = Join-Path $env:SystemRoot 'Temp\infiniservice_install.log'
$SettingsFile = Join-Path $PSScriptRoot 'settings.json'
. (Join-Path $PSScriptRoot 'http.ps1')

function Write-Log([string] $Text, [string] $Path = $InstallLog) {
    $line = '{0} {1}' -f (Get-Date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ'), $Text
    try { Add-Content -LiteralPath $Path -Value $line -Encoding UTF8 } catch { Write-Output $line }
}

function Get-LogTail {
    try { (Get-Content -LiteralPath $InstallLog -Tail 40) -join [Environment]::NewLine } catch { '' }
}

function Send-Report($Settings, [string] $Phase, [string] $Reason = '', [int] $Attempts = 1) {
    if (-not $Settings.reporting) { return }
    $report = @{ phase = $Phase }
    if ($Reason) {
        $report.reason = $Reason
        $report.logTail = Get-LogTail
    }
    $body = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $report -Compress))
    for ($attempt = 1; $attempt -le $Attempts; $attempt++) {
        try {
            Send-Json $Settings.reporting.url $body $Settings.reporting.token 10
            return
        } catch {
            Write-Log ('the report of ' + $Phase + ' did not arrive: ' + $_.Exception.Message)
            if ($attempt -lt $Attempts) { Start-Sleep -Seconds 5 }
        }
    }
}

if ($Phase) {
    try {
        Send-Report (Get-Content -LiteralPath $SettingsFile -Raw | ConvertFrom-Json) $Phase
    } catch {
        Write-Log ('no report of ' + $Phase + ': ' + $_.Exception.Message)
    }
}
