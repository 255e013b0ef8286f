import type { MediaRequest } from '#protocol';
import { vbsString } from '../../escape.js';

/** MiB. The EFI partition has room for several boot loaders and for 4 KiB sectors; Microsoft asks for 16 of MSR and for free space in Recovery. */
export const PARTITION_MIB = { efi: 300, msr: 16, bios: 100, recovery: 1000 } as const;

/** Where Windows PE finds the EFI partition after partitioning. */
export const EFI_LETTER = 'S';

/** Last line of a diskpart script that is whole; diskpart takes it for a remark. */
export const COMPLETE = 'rem complete';

/**
 * Win32_DiskDrive.Size is cylinders x heads x sectors x 512 (Microsoft, "Win32_DiskDrive class"): up to one cylinder of 255 x 63 sectors is missing
 * from it, and a disk of exactly the wanted size would be taken for a smaller one.
 */
const CYLINDER_BYTES = 255 * 63 * 512;

/**
 * VBScript that chooses the disk by the request's rule and prints a diskpart script for it, or prints why it does not, and exits with 1. It writes
 * nothing itself: winpe.cmd runs diskpart only after exit code 0.
 *
 * What it cannot see: a file system that fills a disk without a partition table. Windows PE has no means to name it.
 *
 * Why VBScript: Windows setup's own Windows PE has diskpart, reg, cscript and WMI, but no PowerShell, and wmic has gone from 24H2; diskpart's own lists
 * are in the medium's language and carry no serial.
 */
export function diskScript({ disk, firmware }: MediaRequest): string {
  const { match } = disk;
  const rule = !match ? 'only' : 'serial' in match ? 'serial' : 'bus' in match ? 'bus' : 'size';
  const constants: [string, string][] = [
    ['RULE', vbsString(rule)],
    ['WANTED_SERIAL', vbsString(match && 'serial' in match ? match.serial : '')],
    ['WANTED_BUS', vbsString(match && 'bus' in match ? match.bus : '')],
    // As text: VBScript's own whole numbers end at 2^31.
    ['MIN_BYTES', vbsString(match && 'minBytes' in match ? String(match.minBytes) : '0')],
    ['MAX_BYTES', vbsString(match && 'minBytes' in match ? String(match.maxBytes) : '0')],
    ['MAY_WIPE', disk.wipe ? 'True' : 'False'],
    ['FIRMWARE', vbsString(firmware)],
  ];
  return `' Chooses the disk for Windows, and prints a diskpart script for it or the reason why there is none.
' The first argument is the drive of the seed, whose disk is never chosen.
Option Explicit

${constants.map(([name, value]) => `Dim ${name} : ${name} = ${value}\n`).join('')}
${READ_DISKS}
${CHOOSE}`;
}

/** Replaced by a test that has disks of its own. */
export const READ_DISKS = `Class Disk
  Public Index
  Public Bytes
  Public Serial
  Public Bus
  Public Partitions
  Public HoldsSeed
End Class

Sub ReadDisks(found, count)
  Dim wmi, drive, item
  Set wmi = GetObject("winmgmts:\\\\.\\root\\cimv2")
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
  driver = LCase(shell.RegRead("HKLM\\HARDWARE\\DEVICEMAP\\Scsi\\Scsi Port " & drive.SCSIPort & "\\Driver"))
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
`;

const CHOOSE = `Dim disks(63), diskCount, i, chosen, matching
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
      FollowsRule = disk.Bytes + ${CYLINDER_BYTES - 1} >= CDbl(MIN_BYTES) And disk.Bytes <= CDbl(MAX_BYTES)
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
    WScript.Echo "create partition efi size=${PARTITION_MIB.efi}"
    WScript.Echo "format quick fs=fat32 label=System"
    WScript.Echo "assign letter=${EFI_LETTER}"
    WScript.Echo "create partition msr size=${PARTITION_MIB.msr}"
  Else
    WScript.Echo "create partition primary size=${PARTITION_MIB.bios}"
    WScript.Echo "format quick fs=ntfs label=System"
    WScript.Echo "active"
  End If
  WScript.Echo "create partition primary"
  WScript.Echo "shrink minimum=${PARTITION_MIB.recovery}"
  WScript.Echo "format quick fs=ntfs label=Windows"
  WScript.Echo "create partition primary"
  WScript.Echo "format quick fs=ntfs label=Recovery"
  If FIRMWARE = "uefi" Then
    WScript.Echo "set id=de94bba4-06d1-4d40-a16a-bfd50179d6ac"
    WScript.Echo "gpt attributes=0x8000000000000001"
  Else
    WScript.Echo "set id=27"
  End If
  WScript.Echo "${COMPLETE}"
End Sub
`;
