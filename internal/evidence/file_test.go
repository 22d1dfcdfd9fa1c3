package evidence

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// sample has something in every corner that JSON could lose.
func sample() *Evidence {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &Evidence{
		SchemaVersion: SchemaVersion, Tool: Tool{Name: "aopscan", Version: "1"}, StartedAt: at, CollectedAt: at.Add(time.Minute),
		Accounts: []Account{{ID: "a", PoolsSection: Section{State: SectionDenied, Permission: "p", HTTPStatus: 403, Code: 10000, Error: "<no> & \u2028"},
			Pools: []Pool{{ID: "p", Enabled: TriNull, Origins: []PoolOrigin{{Address: "192.0.2.7", Port: 8443}}}}}},
		Zones: []Zone{{ID: "z", Name: "example.com", Paused: TriFalse,
			Settings:    ZoneSettings{Section: Section{State: SectionRead}, SSL: "full", Unread: map[string]Section{"ssl": {State: SectionFailed}, "a": {}}},
			AOP:         ZoneAOP{Enabled: TriTrue, Certificates: []ClientCertificate{{ID: "c", Status: "active", UploadedOn: &at, Leaf: &Certificate{Subject: "CN=x", SHA256: "00"}}}},
			DNS:         DNS{Section: Section{State: SectionRead}, Records: []DNSRecord{{Type: "A", Name: "example.com", Content: "203.0.113.9", Proxied: TriTrue}}},
			ConfigRules: Rules[ConfigRule]{Section: Section{State: SectionAbsent}, Items: []ConfigRule{{ID: "r", Expression: `http.host eq "x"`}}},
			Hostnames:   []Hostname{{Name: "*.example.com", WireName: "w.example.com", Proxied: TriUnknown, OriginNotes: []Gap{{What: "w"}}}},
		}},
		EdgeRanges: EdgeRanges{Source: "embedded", CIDRs: []string{"2400:cb00::/32"}},
		Problems:   []Problem{{What: "w", Cause: "c", Interrupted: true}},
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.json")
	if err := Save(path, sample()); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v", st.Mode())
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sample()) {
		t.Errorf("came back changed: %+v", got)
	}
	one, _ := Encode(sample())
	two, _ := Encode(got)
	if !bytes.Equal(one, two) {
		t.Error("the same evidence has other bytes")
	}
	// Again, over a file with wider permissions and through a link.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Save(link, sample()); err != nil {
		t.Fatal(err)
	}
	if st, _ := os.Lstat(link); st.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Errorf("permissions afterwards %v", st.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".e.json*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing", "e.json")} {
		var bad *FileError
		if err := Save(path, sample()); !errors.As(err, &bad) || bad.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	newer := strings.Replace(string(mustEncode(t)), `"schema_version": 1`, `"schema_version": 99`, 1)
	for name, c := range map[string]struct{ content, want, hint string }{
		"empty":       {" \n", "is empty", "--save-evidence"},
		"garbage":     {"\x00\xff not json", "is not evidence", "--save-evidence"},
		"array":       {"[]", "is not evidence", "--save-evidence"},
		"other json":  {`{"a":1}`, "no schema_version", "--save-evidence"},
		"report":      {`{"schema":"https://example.com"}`, "is a report", "--save-evidence"},
		"newer":       {newer, "has schema version 99", "newer one"},
		"zero":        {`{"schema_version":0}`, "no schema_version", ""},
		"negative":    {`{"schema_version":-1}`, "no schema_version", ""},
		"wrong type":  {"{\"schema_version\":1,\n\"zones\":3}", "line 2", ""},
		"cut":         {string(mustEncode(t))[:200], "line", ""},
		"two objects": {string(mustEncode(t)) + "{}", "is not evidence", ""},
		"deep":        {`{"schema_version":1,"zones":` + strings.Repeat("[", 20000), "is not evidence", ""},
	} {
		path := filepath.Join(t.TempDir(), "e.json")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		var bad *FileError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || !strings.Contains(bad.Hint(), c.hint) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
}

func mustEncode(t testing.TB) []byte {
	b, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzDecode(f *testing.F) {
	b, _ := Encode(sample())
	f.Add(b)
	f.Add([]byte(`{"schema_version":1,"zones":[{"name":"x","paused":null,"dns":{"state":"read","records":[{}]}}]}`))
	f.Add([]byte(`{"schema_version":1.5}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		ev, err := Decode(b)
		if err != nil {
			var bad *FileError
			if !errors.As(err, &bad) {
				t.Fatalf("not a FileError: %v", err)
			}
			return
		}
		one, err := Encode(ev)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(one)
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if two, _ := Encode(again); !bytes.Equal(one, two) {
			t.Fatal("not the same bytes the second time")
		}
	})
}
