# HTTP with an end: Invoke-WebRequest of Windows PowerShell 5.1 bounds neither the size of a body nor its time.
# Dot-sourced.
function Enable-Tls {
    # Windows PowerShell 5.1 on Server 2019 does not offer TLS 1.2 by itself.
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
}

# The answer is there when its head is; whoever takes it calls Abort on the request.
function New-Request([string] $Url, [string] $Token, [int] $HeadSeconds) {
    Enable-Tls
    $request = [Net.WebRequest]::Create($Url)
    $request.Timeout = 1000 * $HeadSeconds
    $request.ReadWriteTimeout = 1000 * $HeadSeconds
    if ($Token) { $request.Headers.Add('Authorization', 'Bearer ' + $Token) }
    return $request
}

# Fills a buffer, or as much of it as the body still has, and gives the count. Stream.ReadTimeout would bound each
# read alone: a server that drips goes on for ever.
function Read-Piece([IO.Stream] $Stream, [byte[]] $Buffer, [int] $Seconds) {
    $filled = 0
    $watch = [Diagnostics.Stopwatch]::StartNew()
    while ($filled -lt $Buffer.Length) {
        $left = [Math]::Max(0, 1000 * $Seconds - $watch.ElapsedMilliseconds)
        $reading = $Stream.BeginRead($Buffer, $filled, $Buffer.Length - $filled, $null, $null)
        if (-not $reading.AsyncWaitHandle.WaitOne([int] $left)) {
            throw ('the server sent ' + $filled + ' bytes in ' + $Seconds + ' s: it is too slow')
        }
        $count = $Stream.EndRead($reading)
        if ($count -eq 0) { break }
        $filled += $count
    }
    return $filled
}

# Fetches a body of exactly $Bytes bytes into a file. The head has 60 s, each 64 KiB of the body 60 s more; no byte
# past $Bytes is written.
function Receive-File([string] $Url, [string] $Path, [long] $Bytes, [string] $Token = '', [int] $Seconds = 60) {
    $request = New-Request $Url $Token $Seconds
    # Where Path has a drive of PowerShell's own, .NET does not know it.
    $file = [IO.File]::Create($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path))
    try {
        $stream = $request.GetResponse().GetResponseStream()
        $buffer = New-Object byte[] 65536
        $total = 0
        while (($count = Read-Piece $stream $buffer $Seconds) -gt 0) {
            $total += $count
            if ($total -gt $Bytes) { throw ('the server has more than the ' + $Bytes + ' bytes that the install medium names') }
            $file.Write($buffer, 0, $count)
        }
        if ($total -lt $Bytes) { throw ('of ' + $Bytes + ' bytes ' + $total + ' came') }
    } finally {
        $file.Dispose()
        # Before anything closes the stream: .NET Framework would read the rest first.
        $request.Abort()
    }
}

# Sends a body of JSON. Of the answer the head is awaited, and nothing of its body is read.
function Send-Json([string] $Url, [byte[]] $Body, [string] $Token, [int] $Seconds) {
    $request = New-Request $Url $Token $Seconds
    try {
        $request.Method = 'POST'
        $request.ContentType = 'application/json'
        $request.ContentLength = $Body.Length
        $stream = $request.GetRequestStream()
        $stream.Write($Body, 0, $Body.Length)
        $stream.Close()
        $null = $request.GetResponse()
    } finally {
        $request.Abort()
    }
}
