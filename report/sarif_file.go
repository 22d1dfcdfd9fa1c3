package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/owenrumney/go-sarif/v2/sarif"
)

// This file is the whole of what we rely on go-sarif/v2 for: its structs. Its
// writers leave nulls that upload-sarif refuses and do not truncate files; its
// setters lose properties. Structs are filled directly, and what they encode to
// is rid of nulls here.

const sarifSchemaURL = "https://json.schemastore.org/sarif-2.1.0.json"

// marshalSARIF encodes a log of one run.
func marshalSARIF(run *sarif.Run) ([]byte, error) {
	log := &sarif.Report{Version: string(sarif.Version210), Schema: sarifSchemaURL, Runs: []*sarif.Run{run}}
	raw, err := json.Marshal(log)
	if err != nil {
		return nil, fmt.Errorf("encoding SARIF: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // numbers stay as they were written
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("encoding SARIF: %w", err)
	}
	dropNulls(tree)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(tree); err != nil {
		return nil, fmt.Errorf("encoding SARIF: %w", err)
	}
	return inertJSON(b.Bytes()), nil
}

// dropNulls removes null members of objects; arrays of ours hold none.
func dropNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if member == nil {
				delete(v, k)
			} else {
				dropNulls(member)
			}
		}
	case []any:
		for _, member := range v {
			dropNulls(member)
		}
	}
}

func multiformat(text, markdown string) *sarif.MultiformatMessageString {
	m := &sarif.MultiformatMessageString{Text: &text}
	if markdown != "" {
		m.Markdown = &markdown
	}
	return m
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
