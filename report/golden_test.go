package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldens are the formats that people and machines read line by line. The page is
// looked at in a browser instead.
var goldens = map[string]func(*Report) ([]byte, error){
	"sample-80.txt": func(r *Report) ([]byte, error) { return Table(r, WriteOptions{Width: 80}) },
	"sample-140.txt": func(r *Report) ([]byte, error) {
		return Table(r, WriteOptions{Width: 140, Control: "NIST SP 800-53 r5"})
	},
	"sample-pipe.txt":    func(r *Report) ([]byte, error) { return Table(r, WriteOptions{}) },
	"sample-noprobe.txt": func(r *Report) ([]byte, error) { return Table(withoutProbing(r), WriteOptions{Width: 100}) },
	"sample.json":        func(r *Report) ([]byte, error) { return JSON(r, WriteOptions{Control: "PCI DSS 4.0.1"}) },
	"sample.sarif":       func(r *Report) ([]byte, error) { return SARIF(r, WriteOptions{}) },
	"sample.junit.xml":   func(r *Report) ([]byte, error) { return JUnit(r, WriteOptions{}) },
	"sample.md":          func(r *Report) ([]byte, error) { return Markdown(r, WriteOptions{Control: "CWE"}) },
	"sample.csv":         func(r *Report) ([]byte, error) { return CSV(r, WriteOptions{}) },
	"sample.jsonl":       func(r *Report) ([]byte, error) { return JSONL(r, WriteOptions{}) },
	"sample.annotations": func(r *Report) ([]byte, error) { return Annotations(r), nil },
}

// withoutProbing is the sample as --no-probe would leave it.
func withoutProbing(*Report) *Report {
	ev, out, o := sampleInput()
	ev.ProbeOptions, ev.Endpoints, ev.Edges = nil, nil, nil
	out.Origins = nil
	kept := out.Results[:0]
	for _, res := range out.Results {
		if res.Address == "" {
			kept = append(kept, res)
		}
	}
	out.Results = kept
	return Build(ev, out, o)
}

func TestGoldens(t *testing.T) {
	for name, write := range goldens {
		t.Run(name, func(t *testing.T) {
			got, err := write(sample())
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs (-want +got); go test ./report -update rewrites it:\n%s", cmp.Diff(string(want), string(got)))
			}
		})
	}
}

// The same report is the same bytes in every format, whatever the order in which
// the input came.
func TestDeterminism(t *testing.T) {
	want := map[string][]byte{}
	for _, f := range formats() {
		ev, out, o := sampleInput()
		b, err := f.write(Build(ev, out, o), WriteOptions{Width: 100, Control: "CWE"})
		if err != nil {
			t.Fatal(err)
		}
		want[f.name] = b
	}
	for seed := range uint64(20) {
		r := Build(shuffled(seed))
		for _, f := range formats() {
			b, err := f.write(r, WriteOptions{Width: 100, Control: "CWE"})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, want[f.name]) {
				t.Fatalf("%s differs for shuffle %d:\n%s", f.name, seed, cmp.Diff(string(want[f.name]), string(b)))
			}
		}
	}
}
