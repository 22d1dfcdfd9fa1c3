package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
)

// SchemaID is where the schema of the configuration file is published, as
// docs/schema/config-1.json.
const SchemaID = "https://github.com/aopscan/aopscan/docs/schema/config-1.json"

// Schema is the JSON schema (2020-12) of aopscan.yaml, made from the table of
// settings. Editors check and complete by it; what it cannot say (which checks
// there are, that a key is given once) Parse says.
func Schema() []byte {
	top := map[string]any{}
	for _, s := range settings {
		if s.Key == "" {
			continue
		}
		group, name, nested := strings.Cut(s.Key, ".")
		if !nested {
			top[s.Key] = s.schema()
			continue
		}
		g, ok := top[group].(map[string]any)
		if !ok {
			g = object(map[string]any{}, nil)
			top[group] = g
		}
		g["properties"].(map[string]any)[name] = s.schema()
	}
	top["origins"].(map[string]any)["items"] = map[string]any{"anyOf": []any{
		originKind.schema,
		object(map[string]any{"hostname": hostKind.schema, "address": addressKind.schema, "port": intKind(1, 65535).schema}, originKeys[:2]),
	}}

	waiver := map[string]any{}
	var required []string
	for _, f := range waiverFields {
		waiver[f.key] = described(f.kind.schema, f.summary)
		if f.required {
			required = append(required, f.key)
		}
	}
	top["waivers"] = map[string]any{
		"type":        "array",
		"description": "Failures that somebody accepts for a time. They stay in every report.",
		"items":       object(waiver, required),
	}

	root := object(top, nil)
	// A file of comments alone is empty, and an empty file changes nothing.
	root["type"] = []string{"object", "null"}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "aopscan.yaml"
	root["description"] = "Configuration of aopscan. A flag is stronger than an environment variable, that than this file."

	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic("config: schema: " + err.Error()) // maps of strings and numbers
	}
	return b.Bytes()
}

func (s Setting) schema() map[string]any {
	out := maps.Clone(s.kind.schema)
	if s.List {
		out = map[string]any{"type": "array", "uniqueItems": true, "items": out}
	}
	out["description"] = s.Summary
	return out
}

func described(schema map[string]any, summary string) map[string]any {
	out := maps.Clone(schema)
	out["description"] = summary
	return out
}

func object(properties map[string]any, required []string) map[string]any {
	o := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}
