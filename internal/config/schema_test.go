package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
)

const published = "../../docs/schema/config-1.json"

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaIsPublished(t *testing.T) {
	if *update {
		if err := os.MkdirAll(filepath.Dir(published), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(published, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, Schema()) {
		t.Error("docs/schema/config-1.json is not current: run go test ./internal/config -update")
	}
}

// generic reads YAML as an editor does before it applies the schema.
func generic(t *testing.T, b []byte) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err != nil {
		t.Fatal(err)
	}
	untime(&n)
	var v any
	if len(n.Content) > 0 {
		if err := n.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	j, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(j))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// untime makes texts of dates: JSON has none.
func untime(n *yaml.Node) {
	if n.Tag == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		untime(c)
	}
}

func TestSchemaAcceptsWhatParseAccepts(t *testing.T) {
	s := compileSchema(t)
	files, _ := filepath.Glob("testdata/valid/*.yaml")
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Quoted, as the schema's readers want them: an ID of digits alone is a number.
		b = bytes.ReplaceAll(b, []byte(" 12345678901234567890123456789012"), []byte(` "12345678901234567890123456789012"`))
		b = bytes.ReplaceAll(b, []byte(" 1234567890123456789012345678e012"), []byte(` "1234567890123456789012345678e012"`))
		if err := s.Validate(generic(t, b)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What is wrong in a way that a schema can say, the schema says too.
func TestSchemaRefusesWhatParseRefuses(t *testing.T) {
	s := compileSchema(t)
	beyond := []string{ // repeated keys, YAML itself, the catalogue, values that only work together
		"duplicate-key", "merge-key", "second-document", "after-the-end", "anchors", "tags", "complex-key",
		"syntax-indent", "syntax-tab", "syntax-colon", "syntax-quote", "syntax-bracket", "syntax-star",
		"only-and-skip", "outputs", "outputs-stdout", "framework", "thresholds", "client-cert", "certificate-text",
	}
	a, err := txtar.ParseFile("testdata/errors.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		name, ok := strings.CutSuffix(f.Name, "/aopscan.yaml")
		if !ok || slices.Contains(beyond, name) {
			continue
		}
		if err := s.Validate(generic(t, f.Data)); err == nil {
			t.Errorf("the schema accepts %s:\n%s", name, f.Data)
		}
	}
}

// The keys of the schema, the decoder and nothing else.
func TestSchemaKeys(t *testing.T) {
	var doc struct {
		ID         string `json:"$id"`
		Properties map[string]struct {
			Description string
			Properties  map[string]struct{ Description string }
			Items       struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.ID != SchemaID {
		t.Errorf("$id %s", doc.ID)
	}
	var inSchema []string
	for key, p := range doc.Properties {
		switch {
		case key == "waivers":
			var fields []string
			for f := range p.Items.Properties {
				fields = append(fields, f)
			}
			if len(fields) != len(waiverFields) {
				t.Errorf("waiver fields %v", fields)
			}
		case len(p.Properties) > 0:
			for sub := range p.Properties {
				inSchema = append(inSchema, key+"."+sub)
			}
		default:
			inSchema = append(inSchema, key)
			if p.Description == "" {
				t.Errorf("%s is not described", key)
			}
		}
	}
	for _, s := range settings {
		if s.Key == "" {
			continue
		}
		if i := slices.Index(inSchema, s.Key); i >= 0 {
			inSchema = slices.Delete(inSchema, i, i+1)
		} else {
			t.Errorf("%s is not in the schema", s.Key)
		}
		// The decoder takes the key: what it complains of is the value.
		key := s.Key
		if group, rest, ok := strings.Cut(key, "."); ok {
			key = group + ":\n  " + rest
		}
		if _, err := Parse(Name, []byte(key+": {}\n")); err == nil || strings.Contains(err.Error(), "unknown key") {
			t.Errorf("%s: %v", s.Key, err)
		}
	}
	if len(inSchema) > 0 {
		t.Errorf("the schema has more: %v", inSchema)
	}
}
