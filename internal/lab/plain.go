package lab

import "fmt"

// plainAccount owns the generated zones.
var plainAccount = Account{Name: "Plain zones"}

// plainZones are generated zones, made when they are asked for: full SSL, no
// AOP, proxied names with addresses of documentation ranges (RFC 5737), which
// lead nowhere.
type plainZones struct {
	count, records int
	index          map[string]int // zone identifier to number
}

func newPlainZones(count, records int, _ *World) plainZones {
	p := plainZones{count: count, records: max(records, 1), index: make(map[string]int, count)}
	for i := range count {
		p.index[ZoneID(plainName(i))] = i
	}
	return p
}

func plainName(i int) string { return fmt.Sprintf("plain-%05d.example", i) }

// zone is the generated zone with that number, without its records.
func (p plainZones) zone(i int) *Zone {
	return &Zone{Name: plainName(i), Account: plainAccount.Name, AlwaysUseHTTPS: true}
}

// record is the j-th record of the i-th zone.
func (p plainZones) record(i, j int) Record {
	name := fmt.Sprintf("h%d", j)
	if j == 0 {
		name = "@"
	}
	return Record{Type: "A", Name: name, Content: fmt.Sprintf("198.51.100.%d", 1+(i+j)%250), Proxied: true}
}
