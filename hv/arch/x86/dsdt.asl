// SPDX-License-Identifier: GPL-3.0-or-later
//
// The DSDT: the devices of the board that an operating system cannot probe.
// iasl compiles it when vitrine is built; hv/arch/x86/acpi.c fills in DEVS, and gives the
// guest the result. (ACPI 6.5; section numbers are its own.)

DefinitionBlock ("", "DSDT", 2, "VITRIN", "VITRINE", 1)
{
	// Which devices the machine has, a bit each: 0-3 the serial ports, 4 the clock, 5 PCI,
	// 6 pvpanic, 7 fw_cfg, 8 the keyboard,
	// 9 processors that come and go.
	// The value is a placeholder.
	Name (DEVS, 0x53564544)

	// 7.4.2.6: soft-off is SLP_TYP 0, as in devices/acpi_pm.c.
	Name (_S5, Package () { 0, 0, 0, 0 })

	// 6.3.7: present, enabled, shown and working; or not there.
	Method (HAVE, 1)
	{
		If (DEVS & (1 << Arg0)) { Return (0x0F) }
		Return (0)
	}

	// What the SSDT with the processors has (acpi_cpus.c): notifies number Arg0 of Arg1.
	External (\_SB.CPUS.CTFY, MethodObj)

	// 5.6.4.1.1: the event that devices/cpu_hotplug.c raises.
	Scope (\_GPE)
	{
		Method (_E02) { \_SB.CPUS.CSCN () }
	}

	Scope (\_SB)
	{
		// Processors, by the registers of devices/cpu_hotplug.c (QEMU's
		// docs/specs/acpi_cpu_hotplug.rst). Each has an object in the SSDT, which calls these.
		Device (CPUS)
		{
			Name (_HID, "ACPI0010")
			Name (_CID, EisaId ("PNP0A05"))
			Method (_STA) { Return (HAVE (9)) }

			OperationRegion (PRST, SystemIO, 0x0CD8, 0x0C)
			Field (PRST, ByteAcc, NoLock, WriteAsZeros)
			{
				Offset (4),
				CPEN, 1,
				CINS, 1,
				CRMV, 1,
				CEJE, 1,
				Offset (5),
				CCMD, 8
			}
			Field (PRST, DWordAcc, NoLock, Preserve)
			{
				CSEL, 32,
				Offset (8),
				CDAT, 32
			}
			Mutex (CPLK, 0)

			// _STA of processor Arg0
			Method (CSTA, 1, Serialized)
			{
				Local0 = 0
				Acquire (CPLK, 0xFFFF)
				CSEL = Arg0
				If (CPEN) { Local0 = 0x0F }
				Release (CPLK)
				Return (Local0)
			}
			// _MAT: its entry in the MADT (5.2.12.2)
			Method (CMAT, 1, Serialized)
			{
				Local0 = Buffer (8) { 0, 8, 0, 0, 0, 0, 0, 0 }
				Local0[2] = Arg0
				Local0[3] = Arg0
				If (CSTA (Arg0)) { Local0[4] = 1 }
				Return (Local0)
			}
			// _EJ0
			Method (CEJT, 1, Serialized)
			{
				Acquire (CPLK, 0xFFFF)
				CSEL = Arg0
				CEJE = 1
				Release (CPLK)
			}
			// _OST: event Arg1, status Arg2
			Method (COST, 3, Serialized)
			{
				Acquire (CPLK, 0xFFFF)
				CSEL = Arg0
				CCMD = 1
				CDAT = Arg1
				CCMD = 2
				CDAT = Arg2
				Release (CPLK)
			}
			// Tells the operating system of all that happened: a check (1), a request
			// to eject (3).
			Method (CSCN, 0, Serialized)
			{
				Acquire (CPLK, 0xFFFF)
				CSEL = 0
				CCMD = 0
				While (CINS | CRMV)
				{
					Local0 = CDAT
					If (CINS)
					{
						CINS = 1
						CTFY (Local0, 1)
					}
					Else
					{
						CRMV = 1
						CTFY (Local0, 3)
					}
					CCMD = 0
				}
				Release (CPLK)
			}
		}
		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Method (_STA) { Return (HAVE (0)) }
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x3F8, 0x3F8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}
		Device (COM2)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 2)
			Method (_STA) { Return (HAVE (1)) }
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x2F8, 0x2F8, 1, 8)
				IRQNoFlags () { 3 }
			})
		}
		Device (COM3)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 3)
			Method (_STA) { Return (HAVE (2)) }
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x3E8, 0x3E8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}
		Device (COM4)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 4)
			Method (_STA) { Return (HAVE (3)) }
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x2E8, 0x2E8, 1, 8)
				IRQNoFlags () { 3 }
			})
		}
		Device (RTC)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Method (_STA) { Return (HAVE (4)) }
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x70, 0x70, 1, 2)
				IRQNoFlags () { 8 }
			})
		}
		Device (KBD)
		{
			Name (_HID, EisaId ("PNP0303"))
			Method (_STA) { Return (HAVE (8)) }
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x60, 0x60, 1, 1)
				IO (Decode16, 0x64, 0x64, 1, 1)
				IRQNoFlags () { 1 }
			})
		}
		// QEMU's docs/specs/pvpanic.rst.
		Device (PEVT)
		{
			Name (_HID, "QEMU0001")
			Method (_STA) { Return (HAVE (6)) }
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x505, 0x505, 1, 1)
			})
		}
		// QEMU's docs/specs/fw_cfg.rst.
		Device (FWCF)
		{
			Name (_HID, "QEMU0002")
			Method (_STA) { Return (HAVE (7)) }
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x510, 0x510, 1, 0x0C)
			})
		}
		// Windows and lines as in hv/pci.h and hv/pci_irq.c.
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_BBN, 0)
			Name (_SEG, 0)
			Method (_STA) { Return (HAVE (5)) }
			// The window above 4 GiB: hv/arch/x86/acpi.c fills in where it is and
			// how large. The values are placeholders, as 64-bit numbers.
			Name (HBAS, 0x5341424857444E57)
			Name (HSIZ, 0x5A49534857444E57)
			Name (LOWR, ResourceTemplate () {
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 0, 0, 1)
				IO (Decode16, 0xCF8, 0xCF8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0xC000, 0xFFFF, 0, 0x4000)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					NonCacheable, ReadWrite,
					0, 0xC0000000, 0xDFFFFFFF, 0, 0x20000000)
			})
			Name (HIGH, ResourceTemplate () {
				QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					Prefetchable, ReadWrite,
					0, 0x100000000, 0x1FFFFFFFF, 0, 0x100000000, , , HMEM)
			})
			Method (_CRS, 0, Serialized)
			{
				If (HSIZ == 0) { Return (LOWR) }
				CreateQWordField (HIGH, ^HMEM._MIN, HMIN)
				CreateQWordField (HIGH, ^HMEM._MAX, HMAX)
				CreateQWordField (HIGH, ^HMEM._LEN, HLEN)
				HMIN = HBAS
				HMAX = HBAS + HSIZ - 1
				HLEN = HSIZ
				Return (ConcatenateResTemplate (LOWR, HIGH))
			}
			// 6.2.13: INTA# to INTD# of every slot, on GSI 10 and 11 in turn.
			Method (_PRT)
			{
				Local0 = Package (128) {}
				Local1 = 0
				While (Local1 < 128)
				{
					Local2 = Package (4) { 0, 0, 0, 0 }
					Local3 = Local1 >> 2
					Local2[0] = (Local3 << 16) | 0xFFFF
					Local2[1] = Local1 & 3
					Local2[3] = 10 + ((Local3 + (Local1 & 3)) & 1)
					Local0[Local1] = Local2
					Local1++
				}
				Return (Local0)
			}
		}
	}
}
