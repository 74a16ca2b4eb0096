"""What real machines have said: a Firecracker guest with Linux 6.18, Debian 12."""

from __future__ import annotations

ROLLUP = """\
564565c8f000-7ffea0281000 ---p 00000000 00:00 0                          [rollup]
Rss:                1620 kB
Pss:                 217 kB
Pss_Dirty:           112 kB
Pss_Anon:            112 kB
Pss_File:            105 kB
Pss_Shmem:             0 kB
Shared_Clean:       1468 kB
Shared_Dirty:          0 kB
Private_Clean:        40 kB
Private_Dirty:       112 kB
Referenced:         1620 kB
Anonymous:           112 kB
KSM:                   0 kB
Swap:                  0 kB
SwapPss:               0 kB
Locked:                0 kB
"""

SMAPS = """\
5630e5321000-5630e5323000 r--p 00000000 fe:00 260386                     /usr/bin/head
Size:                  8 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                   8 kB
Pss:                   8 kB
Pss_Dirty:             0 kB
Shared_Clean:          0 kB
Shared_Dirty:          0 kB
Private_Clean:         8 kB
Private_Dirty:         0 kB
Referenced:            8 kB
THPeligible:           0
VmFlags: rd mr mw me
5630e5323000-5630e5329000 r-xp 00002000 fe:00 260386                     /usr/bin/head
Size:                 24 kB
Rss:                  24 kB
Pss:                  12 kB
Shared_Clean:         24 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:         0 kB
"""

STAT = (
    "11391 (cat) R 11385 11385 6171 0 -1 4194304 99 0 0 0 12 5 0 0 20 0 1 0 199932 3133440 371 "
    "18446744073709551615 94920686800896 94920686820777 140734552462688 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 "
    "94920686836784 94920686838400 94921004109824 140734552463860 140734552463880 140734552463880 "
    "140734552465387 0\n"
)

CPUINFO = """\
processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC
flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr rdrand hypervisor lahf_lm vmmcall fsrm
bugs\t\t: sysret_ss_attrs
processor\t: 1
"""
