package report

import (
	"os"
	"testing"
)

func TestDump(t *testing.T) {
	for _, f := range formats() {
		for n, r := range map[string]*Report{"s": sample(), "h": hostileReport()} {
			b, err := f.write(r, WriteOptions{Width: 80, Control: "CWE"})
			if err != nil {
				t.Fatal(err)
			}
			os.WriteFile("/tmp/out/"+n+"."+f.name, b, 0o644)
		}
	}
}
