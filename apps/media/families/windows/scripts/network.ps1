# Gives network adapters the addresses of the settings. Dot-sourced.
function Set-StaticNetwork($Settings) {
    foreach ($net in $Settings.network) {
        try {
            if ($net.mac) {
                $adapter = Get-NetAdapter | Where-Object { $_.MacAddress -eq $net.mac } | Select-Object -First 1
            } else {
                $adapter = Get-NetAdapter -Name $net.name | Select-Object -First 1
            }
            if (-not $adapter) {
                Write-Log ('no network adapter is ' + $net.mac + $net.name)
                continue
            }
            Set-AdapterAddresses $adapter.ifIndex $net
        } catch {
            Write-Log ('network: ' + $_.Exception.Message)
        }
    }
}

function Set-AdapterAddresses([int] $Index, $Net) {
    if ($Net.dhcp) {
        Set-NetIPInterface -InterfaceIndex $Index -AddressFamily IPv4 -Dhcp Enabled
    } elseif (@($Net.addresses).Count -gt 0) {
        Set-NetIPInterface -InterfaceIndex $Index -AddressFamily IPv4 -Dhcp Disabled
    }
    foreach ($wanted in $Net.addresses) {
        $known = Get-NetIPAddress -InterfaceIndex $Index -IPAddress $wanted.address -ErrorAction SilentlyContinue
        if (-not $known) {
            $null = New-NetIPAddress -InterfaceIndex $Index -IPAddress $wanted.address -PrefixLength $wanted.prefix
        }
    }
    if ($Net.gateway) {
        $all = '0.0.0.0/0'
        if ($Net.gateway.Contains(':')) { $all = '::/0' }
        $known = Get-NetRoute -InterfaceIndex $Index -DestinationPrefix $all -ErrorAction SilentlyContinue | Where-Object { $_.NextHop -eq $Net.gateway }
        if (-not $known) {
            $null = New-NetRoute -InterfaceIndex $Index -DestinationPrefix $all -NextHop $Net.gateway
        }
    }
    if (@($Net.dns).Count -gt 0) {
        Set-DnsClientServerAddress -InterfaceIndex $Index -ServerAddresses @($Net.dns)
    }
}
