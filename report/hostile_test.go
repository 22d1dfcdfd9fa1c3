package report

import (
	"reflect"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// hostile holds everything that a screen, a browser, a spreadsheet, Markdown or a
// CI runner could act on.
const hostile = "=cmd|' /C calc'!A0 <script>alert(1)</script><img src=x onerror=alert(2)> \x1b[2J\x1b]0;owned\a\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\ \u202eexe.gpj\u2066 " +
	"##[error]owned `rm -rf /` | **bold** [x](javascript:alert(3)) ]]> --> \r\n::error::owned\n::stop-commands::x\n| --- |\n\xff\xfe\x00\u009b31m \u200b\u2028 {{7*7}} ${x} %0A::warning::x @everyone #1 \"' end"

// hostileReport is the sample with the hostile text in every place that an
// outsider can write to.
func hostileReport() *Report {
	ev, out, o := sampleInput()
	infect(reflect.ValueOf(ev).Elem(), "")
	for i := range out.Results {
		res := &out.Results[i]
		res.Zone, res.Hostname, res.Subject = hostile, hostile, hostile
		if res.Address != "" {
			res.Address = hostile
		}
		res.Message, res.Reason, res.Remediation, res.Reproduce = hostile, hostile, hostile, hostile
		res.Permission = hostile
		res.Facts = map[string]string{hostile: hostile}
		if res.Waiver != nil {
			res.Waiver.Owner, res.Waiver.Reason, res.Waiver.Proof = hostile, hostile, hostile
		}
	}
	for i := range out.Origins {
		og := &out.Origins[i]
		infect(reflect.ValueOf(&og.Endpoint).Elem(), "")
		og.Judgement.Why, og.Judgement.Reproduce = hostile, hostile
		og.Judgement.Notes = []string{hostile}
		for j := range og.Judgement.Bypasses {
			b := &og.Judgement.Bypasses[j]
			b.Why, b.Reproduce, b.Observation = hostile, hostile, hostile
		}
	}
	for i := range o.Waivers {
		w := &o.Waivers[i]
		w.Check, w.Owner, w.Reason, w.File = hostile, hostile, hostile, hostile
	}
	o.WaiverSnippets = true
	r := Build(ev, out, o)
	r.Baseline = &BaselineSummary{File: hostile}
	return r
}

// infect sets every string that is not a word of ours to the hostile text.
func infect(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && field != "ID" && field != "Version" {
			v.SetString(hostile)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[evidence.Tool]() || v.Type() == reflect.TypeFor[evidence.ProbeOptions]() {
			return
		}
		for i := range v.NumField() {
			infect(v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			infect(v.Elem(), field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			infect(v.Index(i), field)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			nv := reflect.New(v.Type().Elem()).Elem()
			nv.Set(v.MapIndex(k))
			infect(nv, field)
			v.SetMapIndex(k, nv)
		}
	}
}
