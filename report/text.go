package report

import (
	"reflect"
	"strings"
	"time"

	"github.com/aopscan/aopscan/internal/sanitize"
)

// maxText bounds any one text that is shown to people.
const maxText = 2000

// clean is what every text passes before people see it.
func clean(s string) string { return sanitize.Text(s, maxText) }

// cleanLines is clean for texts that have lines: commands.
func cleanLines(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i := range lines {
		lines[i] = clean(strings.ReplaceAll(lines[i], "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// linedFields are the fields whose lines are kept.
var linedFields = map[string]bool{"Commands": true, "WaiverSnippet": true, "Reproduce": true}

// printable returns a copy of the report in which every text is clean, so that
// no writer can forget one. Observations are most of a large report; they are
// copied only where the writer shows them.
func printable(r *Report, observations bool) *Report {
	c := *r
	if !observations {
		c.Edges = nil
		c.Origins = make([]Origin, len(r.Origins))
		for i, o := range r.Origins {
			o.Observations = nil
			c.Origins[i] = o
		}
	}
	out := cleanValue(reflect.ValueOf(c), false).Interface().(Report)
	return &out
}

func cleanValue(v reflect.Value, lines bool) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		out := reflect.New(v.Type()).Elem()
		if lines {
			out.SetString(cleanLines(v.String()))
		} else {
			out.SetString(clean(v.String()))
		}
		return out
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			out.Field(i).Set(cleanValue(v.Field(i), linedFields[v.Type().Field(i).Name]))
		}
		return out
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(cleanValue(v.Elem(), lines))
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(cleanValue(v.Index(i), lines))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(cleanValue(it.Key(), false), cleanValue(it.Value(), lines))
		}
		return out
	}
	return v
}

// markdownSpecial are the characters that mean something in Markdown or HTML.
// Numeric references are text in both, in every flavour.
var markdownSpecial = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;",
	`\`, "&#92;", "`", "&#96;", "*", "&#42;", "_", "&#95;", "{", "&#123;", "}", "&#125;", "[", "&#91;", "]", "&#93;",
	"(", "&#40;", ")", "&#41;", "#", "&#35;", "+", "&#43;", "!", "&#33;", "|", "&#124;", "~", "&#126;", "@", "&#64;", "$", "&#36;",
	"://", "&#58;//", "www.", "www&#46;",
)

// markdownText writes clean text so that Markdown shows it as it is: nothing in it
// is markup, a mention, an issue number, a formula or a link.
func markdownText(s string) string { return markdownSpecial.Replace(s) }

// fenceFor is a code fence longer than any run of backticks in the code.
func fenceFor(code string) string {
	longest, run := 2, 0
	for _, r := range code {
		run++
		if r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return strings.Repeat("`", longest+1)
}
