package checks

// The frameworks that checks are mapped to, as [Control.Framework] spells them.
const (
	frameworkPCI  = "PCI DSS 4.0.1"
	frameworkNIST = "NIST SP 800-53 r5"
	frameworkISO  = "ISO/IEC 27001:2022"
	frameworkCIS  = "CIS Controls 8.1"
	frameworkSOC2 = "SOC 2"
	frameworkCWE  = "CWE"
)

// A mapping says which control a failure is evidence against, with the reason. A
// control that a reader would have to be talked into is left out.

func pci(id, why string) Control  { return Control{Framework: frameworkPCI, ID: id, Why: why} }
func nist(id, why string) Control { return Control{Framework: frameworkNIST, ID: id, Why: why} }
func iso(id, why string) Control  { return Control{Framework: frameworkISO, ID: id, Why: why} }
func cis(id, why string) Control  { return Control{Framework: frameworkCIS, ID: id, Why: why} }
func soc2(id, why string) Control { return Control{Framework: frameworkSOC2, ID: id, Why: why} }
func cwe(id, why string) Control  { return Control{Framework: frameworkCWE, ID: id, Why: why} }
