' Defines Disk and ReadDisks: the disks of this machine as WMI knows them. A disk of the seed is marked.
' @begin
Class Disk
  Public Index
  Public Bytes
  Public Serial
  Public Bus
  Public Partitions
  Public HoldsSeed
End Class

Sub ReadDisks(found, count)
  Dim wmi, drive, item
  Set wmi = GetObject("winmgmts:\\.\root\cimv2")
  For Each drive In wmi.ExecQuery("SELECT * FROM Win32_DiskDrive")
    ' No size: a card reader without a card.
    If Not IsNull(drive.Size) And count <= UBound(found) Then
      Set item = New Disk
      item.Index = drive.Index
      item.Bytes = CDbl(drive.Size)
      item.Serial = ""
      If Not IsNull(drive.SerialNumber) Then item.Serial = Trim(drive.SerialNumber)
      item.Bus = BusOf(drive)
      item.Partitions = PartitionsOf(drive)
      item.HoldsSeed = False
      Set found(count) = item
      count = count + 1
    End If
  Next
  If WScript.Arguments.Count > 0 Then MarkSeed wmi, WScript.Arguments(0), found, count
End Sub

' Null when nobody knows.
Function PartitionsOf(drive)
  PartitionsOf = Null
  On Error Resume Next
  PartitionsOf = drive.Partitions
End Function

' The driver of the port tells the bus: InterfaceType is SCSI for nearly everything.
Function BusOf(drive)
  Dim shell, driver
  BusOf = "unknown"
  If drive.InterfaceType = "USB" Then
    BusOf = "usb"
    Exit Function
  End If
  driver = ""
  On Error Resume Next
  Set shell = CreateObject("WScript.Shell")
  driver = LCase(shell.RegRead("HKLM\HARDWARE\DEVICEMAP\Scsi\Scsi Port " & drive.SCSIPort & "\Driver"))
  On Error GoTo 0
  Select Case driver
    Case ""
      Exit Function
    Case "viostor"
      BusOf = "virtio"
    Case "stornvme"
      BusOf = "nvme"
    Case "storahci", "msahci", "atapi", "pciide", "intelide"
      BusOf = "sata"
    Case Else
      BusOf = "scsi"
  End Select
End Function

' A seed on CD is on no disk, and the query then fails.
Sub MarkSeed(wmi, letter, found, count)
  Dim partition, i
  On Error Resume Next
  For Each partition In wmi.ExecQuery("ASSOCIATORS OF {Win32_LogicalDisk.DeviceID='" & letter & "'} WHERE AssocClass=Win32_LogicalDiskToPartition")
    For i = 0 To count - 1
      If found(i).Index = partition.DiskIndex Then found(i).HoldsSeed = True
    Next
  Next
End Sub
