' Chooses the disk by the request's rule and prints a diskpart script for it, or prints why it does not, and
' exits with 1. It writes nothing itself: winpe.cmd runs diskpart only after exit code 0 and the last line,
' which diskpart takes for a remark, and finds the EFI partition by its letter. ReadDisks is read-disks.vbs.
'
' What it cannot see: a file system that fills a disk without a partition table. Windows PE has no means to
' name it.
'
' Why VBScript: Windows setup's own Windows PE has diskpart, reg, cscript and WMI, but no PowerShell, and wmic
' has gone from 24H2; diskpart's own lists are in the medium's language and carry no serial.
'
' 8225279: Win32_DiskDrive.Size is cylinders x heads x sectors x 512 (Microsoft, "Win32_DiskDrive class"). Up to
' one cylinder of 255 x 63 sectors, less a byte, is missing from it, and a disk of exactly the wanted size would
' be taken for a smaller one.
'
' Sizes in MiB. The EFI partition has room for several boot loaders and for 4 KiB sectors; Microsoft asks for 16
' of MSR and for free space in Recovery.
Option Explicit

' disk-script.ts writes the request's rule in place of these lines. Bytes as text: VBScript's own whole numbers
' end at 2^31.
Dim RULE : RULE = "only"
Dim WANTED_SERIAL : WANTED_SERIAL = ""
Dim WANTED_BUS : WANTED_BUS = ""
Dim MIN_BYTES : MIN_BYTES = "0"
Dim MAX_BYTES : MAX_BYTES = "0"
Dim MAY_WIPE : MAY_WIPE = False
Dim FIRMWARE : FIRMWARE = "uefi"
' @begin
Dim disks(63), diskCount, i, chosen, matching
diskCount = 0
matching = 0
ReadDisks disks, diskCount
Set chosen = Nothing

For i = 0 To diskCount - 1
  If IsCandidate(disks(i)) Then
    If FollowsRule(disks(i)) Then
      matching = matching + 1
      Set chosen = disks(i)
    End If
  End If
Next
If matching = 0 Then Refuse "no disk matches the rule " & RULE
If matching > 1 Then Refuse matching & " disks match the rule " & RULE & ", which must choose one"
If Not MAY_WIPE Then
  If IsNull(chosen.Partitions) Then Refuse "disk " & chosen.Index & " does not tell whether it is empty"
  If chosen.Partitions > 0 Then Refuse "disk " & chosen.Index & " has " & chosen.Partitions & " partitions, and the request does not say disk.wipe"
End If
PrintScript chosen
WScript.Quit 0

Function IsCandidate(disk)
  IsCandidate = disk.Bus <> "usb" And Not disk.HoldsSeed
End Function

Function FollowsRule(disk)
  FollowsRule = False
  Select Case RULE
    Case "only"
      FollowsRule = True
    Case "serial"
      FollowsRule = LCase(disk.Serial) = LCase(WANTED_SERIAL)
    Case "bus"
      FollowsRule = disk.Bus = WANTED_BUS
    Case "size"
      FollowsRule = disk.Bytes + 8225279 >= CDbl(MIN_BYTES) And disk.Bytes <= CDbl(MAX_BYTES)
  End Select
End Function

Sub Refuse(reason)
  Dim n
  WScript.Echo "Infinibay: " & reason & "."
  For n = 0 To diskCount - 1
    WScript.Echo "  disk " & disks(n).Index & ": " & disks(n).Bytes & " bytes, bus " & disks(n).Bus & ", serial '" & disks(n).Serial & "', partitions " & disks(n).Partitions
  Next
  WScript.Quit 1
End Sub

Sub PrintScript(disk)
  Dim n
  ' Setup takes the first partition that is large enough: no other disk may offer one.
  For n = 0 To diskCount - 1
    If IsCandidate(disks(n)) And disks(n).Index <> disk.Index Then
      WScript.Echo "select disk " & disks(n).Index
      WScript.Echo "offline disk noerr"
    End If
  Next
  WScript.Echo "select disk " & disk.Index
  ' Windows PE of a server leaves disks of a shared bus offline; this fails where the disk is online already.
  WScript.Echo "online disk noerr"
  WScript.Echo "attributes disk clear readonly noerr"
  WScript.Echo "clean"
  If FIRMWARE = "uefi" Then
    WScript.Echo "convert gpt"
    WScript.Echo "create partition efi size=300"
    WScript.Echo "format quick fs=fat32 label=System"
    WScript.Echo "assign letter=S"
    WScript.Echo "create partition msr size=16"
  Else
    WScript.Echo "create partition primary size=100"
    WScript.Echo "format quick fs=ntfs label=System"
    WScript.Echo "active"
  End If
  WScript.Echo "create partition primary"
  WScript.Echo "shrink minimum=1000"
  WScript.Echo "format quick fs=ntfs label=Windows"
  WScript.Echo "create partition primary"
  WScript.Echo "format quick fs=ntfs label=Recovery"
  If FIRMWARE = "uefi" Then
    WScript.Echo "set id=de94bba4-06d1-4d40-a16a-bfd50179d6ac"
    WScript.Echo "gpt attributes=0x8000000000000001"
  Else
    WScript.Echo "set id=27"
  End If
  WScript.Echo "rem complete"
End Sub
