package ecosystem

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/aopscan/aopscan/internal/lab"
)

// root is the repository.
const root = "../.."

// binary is the program, built as the release builds it.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "aopscan-ecosystem-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "aopscan")
		build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/aopscan")
		build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building aopscan: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// decode decodes one YAML document; keys that the type does not have are errors.
func decode(t *testing.T, path string, into any) {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(read(t, path)))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// action is the metadata of an action
// (https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax).
type action struct {
	Name, Description string
	Branding          struct{ Icon, Color string }
	Inputs            map[string]struct{ Description, Default string }
	Outputs           map[string]struct{ Description, Value string }
	Runs              struct {
		Using string
		Steps []step
	}
}

// step is a step of an action or of a job.
type step struct {
	Name, ID, If, Uses, Run, Shell string
	With, Env                      map[string]string
}

func (a action) step(t *testing.T, id string) step {
	t.Helper()
	for _, s := range a.Runs.Steps {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("action.yml: no step %s", id)
	return step{}
}

var (
	inputRef  = regexp.MustCompile(`inputs\.([a-z-]+)`)
	outputRef = regexp.MustCompile(`steps\.([a-z]+)\.outputs\.([a-z-]+)`)
	usesForm  = regexp.MustCompile(`^(\./|[\w.-]+/[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40}))$`)
)

func TestAction(t *testing.T) {
	var a action
	decode(t, "action.yml", &a)
	if a.Runs.Using != "composite" || a.Name == "" || a.Description == "" || len(a.Description) > 125 {
		t.Errorf("metadata: %q %q %q", a.Name, a.Description, a.Runs.Using)
	}
	all := read(t, "action.yml")
	for _, m := range inputRef.FindAllStringSubmatch(all, -1) {
		if _, ok := a.Inputs[m[1]]; !ok {
			t.Errorf("input %s is used and not declared", m[1])
		}
	}
	guide := read(t, "docs/ci.md")
	for name, in := range a.Inputs {
		if !strings.Contains(all, "inputs."+name) {
			t.Errorf("input %s is declared and not used", name)
		}
		if in.Description == "" || !strings.Contains(guide, "`"+name+"`") {
			t.Errorf("input %s is not described here or in docs/ci.md", name)
		}
	}
	for _, m := range outputRef.FindAllStringSubmatch(all, -1) {
		if s := a.step(t, m[1]); !strings.Contains(s.Run, m[2]+"=") {
			t.Errorf("output %s of step %s is used and never written", m[2], m[1])
		}
	}
	for name := range a.Outputs {
		if !strings.Contains(guide, "`"+name+"`") {
			t.Errorf("output %s is not described in docs/ci.md", name)
		}
	}
	for _, s := range a.Runs.Steps {
		checkStep(t, "action.yml", s)
		if s.Run != "" && s.Shell != "bash" {
			t.Errorf("step %s: a composite action's script must name its shell", s.Name)
		}
	}
}

// checkStep: no expression inside a script (it would be code), and every action
// with a version.
func checkStep(t *testing.T, where string, s step) {
	t.Helper()
	if strings.Contains(s.Run, "${{") {
		t.Errorf("%s: step %q puts an expression into its script; pass it through env", where, s.Name+s.Run)
	}
	if s.Uses != "" && !usesForm.MatchString(s.Uses) {
		t.Errorf("%s: uses %q has no version", where, s.Uses)
	}
	if (s.Uses == "") == (s.Run == "") {
		t.Errorf("%s: step %q must have one of run and uses", where, s.Name)
	}
}

// actionRun is one run of the action's own script.
type actionRun struct {
	code             int
	outputs          map[string]string
	summary, printed string
}

// runAction runs the script of the action's scan step as a runner would.
func runAction(t *testing.T, env map[string]string) actionRun {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("SKIPPED: no bash on this machine; the action's script was not run")
	}
	var a action
	decode(t, "action.yml", &a)
	scan := a.step(t, "scan")
	dir := t.TempDir()
	full := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": dir, "RUNNER_TEMP": filepath.Join(dir, "temp dir"), // with a space, as on Windows and some self-hosted runners
		"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"), "GITHUB_ACTIONS": "true",
	}
	// The defaults of action.yml, as the runner resolves them.
	for name, value := range scan.Env {
		if m := inputRef.FindStringSubmatch(value); m != nil {
			full[name] = a.Inputs[m[1]].Default
		} else {
			t.Errorf("environment variable %s does not come from an input", name)
		}
	}
	full["BINARY"] = binary
	maps.Copy(full, env)
	if err := os.MkdirAll(full["RUNNER_TEMP"], 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", scan.Run) // as GitHub runs shell: bash
	cmd.Dir = dir
	if d, ok := env["WORKSPACE"]; ok {
		cmd.Dir = d
	}
	for k, v := range full {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	r := actionRun{outputs: map[string]string{}}
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatal(err)
		}
		r.code = exit.ExitCode()
	}
	r.printed = out.String()
	for line := range strings.Lines(readIfThere(t, full["GITHUB_OUTPUT"])) {
		k, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		r.outputs[k] = v
	}
	r.summary = readIfThere(t, full["GITHUB_STEP_SUMMARY"])
	return r
}

func readIfThere(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

func startLab(t *testing.T, o lab.Options) *lab.Lab {
	t.Helper()
	l, err := lab.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// labEnv is the environment of an action that scans the lab.
func labEnv(l *lab.Lab) map[string]string {
	return map[string]string{
		"CLOUDFLARE_BASE_URL": l.APIURL,
		"API_TOKEN":           l.Token,
		"EXTRA_ARGS":          fmt.Sprintf("--allow-address=%s\n--resolver=%s\n--edge-address=%s\n", l.AllowCIDR, l.ResolverAddress, l.EdgeAddress),
	}
}

func (r actionRun) want(t *testing.T, code, outcome string) {
	t.Helper()
	if r.code != 0 || r.outputs["exit-code"] != code || r.outputs["outcome"] != outcome {
		t.Errorf("script ended with %d, exit-code %s, outcome %s; want 0, %s, %s. It printed:\n%s", r.code, r.outputs["exit-code"], r.outputs["outcome"], code, outcome, r.printed)
	}
}

func TestActionScript(t *testing.T) {
	l := startLab(t, lab.Options{})

	t.Run("failures", func(t *testing.T) {
		env := labEnv(l)
		env["ZONES"], env["SAVE_EVIDENCE"] = " bare.example ,\nmeadow.example\n", "true"
		r := runAction(t, env)
		r.want(t, "1", "failed")
		for _, file := range []string{"report.json", "aopscan.sarif", "report.junit.xml", "report.html", "summary.md", "evidence.json"} {
			if info, err := os.Stat(filepath.Join(r.outputs["report-dir"], file)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v", file, err)
			}
		}
		if r.outputs["sarif"] != filepath.Join(r.outputs["report-dir"], "aopscan.sarif") {
			t.Errorf("sarif output: %q", r.outputs["sarif"])
		}
		if !strings.Contains(r.summary, "bare.example") || !strings.Contains(r.printed, "meadow.example") {
			t.Errorf("summary or table do not name the zones:\n%s\n%s", r.summary, r.printed)
		}
		if strings.Contains(r.printed+r.summary, l.Token) {
			t.Error("the token is in the output")
		}
	})
	t.Run("inconclusive", func(t *testing.T) {
		env := labEnv(l)
		env["ZONES"], env["FAIL_ON"] = "fog.example", "critical"
		r := runAction(t, env)
		r.want(t, "4", "inconclusive")
		if r.outputs["sarif"] == "" {
			t.Error("an inconclusive report is not uploaded; it names what could not be verified")
		}
		env["ALLOW_INCONCLUSIVE"] = "true"
		runAction(t, env).want(t, "0", "passed")
	})
	t.Run("nothing scanned", func(t *testing.T) {
		env := labEnv(l)
		env["API_TOKEN"] = "wrong_wrong_wrong_wrong_wrong_wrong_wrong"
		r := runAction(t, env)
		r.want(t, "3", "error")
		if r.outputs["sarif"] != "" || r.summary != "" {
			t.Errorf("a report of nothing would be uploaded: %q, %q", r.outputs["sarif"], r.summary)
		}
	})
	t.Run("reports of an earlier run", func(t *testing.T) {
		dir := t.TempDir()
		for _, file := range []string{"aopscan.sarif", "summary.md", "report.json"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte("earlier"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		env := labEnv(l)
		env["REPORT_DIR"], env["FAIL_ON"] = dir, "nonsense"
		r := runAction(t, env)
		r.want(t, "2", "error")
		if strings.Contains(r.summary, "earlier") || readIfThere(t, filepath.Join(dir, "report.json")) != "" {
			t.Errorf("an earlier run's report passes for this one's: %q", r.summary)
		}
		if err := os.WriteFile(filepath.Join(dir, "summary.md"), []byte("earlier"), 0o644); err != nil {
			t.Fatal(err)
		}
		r = runAction(t, map[string]string{"VALIDATE_ONLY": "true", "REPORT_DIR": dir})
		if strings.Contains(r.summary, "earlier") {
			t.Error("a validation writes an earlier scan's summary")
		}
	})
	t.Run("inputs are not code", func(t *testing.T) {
		env := labEnv(l)
		mark := filepath.Join(t.TempDir(), "mark")
		env["ZONES"] = "$(touch " + mark + ");`touch " + mark + "`"
		env["CONFIG"] = "'; touch " + mark + "; '"
		r := runAction(t, env)
		if r.outputs["outcome"] != "error" {
			t.Errorf("outcome %s", r.outputs["outcome"])
		}
		if _, err := os.Stat(mark); err == nil {
			t.Error("an input was run as code")
		}
	})
	t.Run("validate", func(t *testing.T) {
		dir := t.TempDir()
		write := func(text string) {
			if err := os.WriteFile(filepath.Join(dir, "aopscan.yaml"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		env := map[string]string{"VALIDATE_ONLY": "true", "WORKSPACE": dir}
		write("zones: [example.com]\n")
		runAction(t, env).want(t, "0", "passed")
		write("zonez: [example.com]\n")
		r := runAction(t, env)
		r.want(t, "2", "error")
		if !strings.Contains(r.printed, "aopscan.yaml:1") {
			t.Errorf("the place of the mistake is not named:\n%s", r.printed)
		}
	})
}

// workflow is a GitHub workflow
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax).
type workflow struct {
	Name        string
	On          yaml.Node
	Permissions map[string]string
	Concurrency yaml.Node
	Jobs        map[string]struct {
		If             string
		Needs          string
		RunsOn         string `yaml:"runs-on"`
		TimeoutMinutes int    `yaml:"timeout-minutes"`
		Permissions    map[string]string
		Concurrency    yaml.Node
		Strategy       yaml.Node
		Steps          []step
	}
}

func TestWorkflows(t *testing.T) {
	var a action
	decode(t, "action.yml", &a)
	paths := []string{"docs/ci/github-scheduled.yml", "docs/ci/github-pull-request.yml"}
	own, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(own) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	for _, p := range own {
		paths = append(paths, strings.TrimPrefix(filepath.ToSlash(p), root+"/"))
	}
	for _, path := range paths {
		var w workflow
		decode(t, path, &w)
		if w.Permissions["contents"] != "read" {
			t.Errorf("%s: permissions are not restricted", path)
		}
		for name, job := range w.Jobs {
			if job.TimeoutMinutes == 0 || job.RunsOn == "" || len(job.Steps) == 0 {
				t.Errorf("%s: job %s has no time limit, runner or steps", path, name)
			}
			if _, ok := w.Jobs[job.Needs]; job.Needs != "" && !ok {
				t.Errorf("%s: job %s needs %s, which is not there", path, name, job.Needs)
			}
			for _, s := range job.Steps {
				checkStep(t, path, s)
				if s.Uses != "./" && !strings.HasPrefix(s.Uses, "aopscan/aopscan@") {
					continue
				}
				for in := range s.With {
					if _, ok := a.Inputs[in]; !ok {
						t.Errorf("%s: the action has no input %s", path, in)
					}
				}
				// Code scanning refuses the upload without this permission.
				if s.With["upload-sarif"] != "false" && s.With["validate-only"] != "true" && w.Permissions["security-events"] != "write" {
					t.Errorf("%s: job %s uploads SARIF without security-events: write", path, name)
				}
			}
		}
	}
}

// TestOtherTools runs the checkers of others where they are installed.
func TestOtherTools(t *testing.T) {
	for _, c := range []struct {
		tool, what string
		args       []string
	}{
		{"actionlint", "the workflows were checked by this package's tests alone", []string{"-no-color", ".github/workflows/ci.yml", ".github/workflows/release.yml", "docs/ci/github-scheduled.yml", "docs/ci/github-pull-request.yml"}},
		{"goreleaser", ".goreleaser.yaml was checked by this package's tests alone", []string{"check"}},
	} {
		t.Run(c.tool, func(t *testing.T) {
			path, err := exec.LookPath(c.tool)
			if err != nil {
				t.Skipf("SKIPPED: no %s on this machine; %s", c.tool, c.what)
			}
			cmd := exec.CommandContext(t.Context(), path, c.args...)
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s %s: %v\n%s", c.tool, strings.Join(c.args, " "), err, out)
			}
		})
	}
}

// gitlabJob is a job of a GitLab pipeline (https://docs.gitlab.com/ci/yaml/).
type gitlabJob struct {
	Extends, Image, Stage, Timeout string
	ResourceGroup                  string `yaml:"resource_group"`
	Variables                      map[string]string
	Cache                          struct {
		Key   string
		Paths []string
	}
	BeforeScript []string `yaml:"before_script"`
	Script       []string
	Rules        []struct {
		If      string
		Changes []string
	}
	AllowFailure struct {
		ExitCodes []int `yaml:"exit_codes"`
	} `yaml:"allow_failure"`
	Artifacts struct {
		When     string
		ExpireIn string `yaml:"expire_in"`
		Paths    []string
		Reports  struct {
			JUnit string `yaml:"junit"`
		}
	}
}

func TestGitLabTemplate(t *testing.T) {
	var jobs map[string]gitlabJob
	decode(t, "docs/ci/gitlab.yml", &jobs)
	job := jobs["aopscan"]
	if !slices.Equal(job.AllowFailure.ExitCodes, []int{4}) || job.Artifacts.When != "always" {
		t.Errorf("allow_failure %v, artifacts %q", job.AllowFailure.ExitCodes, job.Artifacts.When)
	}
	l := startLab(t, lab.Options{})
	run := func(job string, env ...string) (code int, dir, out string) {
		t.Helper()
		dir = t.TempDir()
		bin := filepath.Join(dir, ".go", "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(binary, filepath.Join(bin, "aopscan")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "aopscan.yaml"), []byte("zones: [bare.example]\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "sh", "-e", "-c", strings.Join(jobs[job].Script, "\n"))
		cmd.Dir = dir
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GOPATH=" + filepath.Join(dir, ".go"),
			"CLOUDFLARE_API_TOKEN=" + l.Token, "CLOUDFLARE_BASE_URL=" + l.APIURL}, env...)
		b, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		return code, dir, string(b)
	}
	code, dir, out := run("aopscan", "AOPSCAN_ZONES=bare.example meadow.example",
		"AOPSCAN_ARGS=--allow-address="+l.AllowCIDR+" --resolver="+l.ResolverAddress+" --edge-address="+l.EdgeAddress)
	if code != 1 || !strings.Contains(out, "meadow.example") {
		t.Errorf("scan: exit code %d\n%s", code, out)
	}
	if xml := readIfThere(t, filepath.Join(dir, job.Artifacts.Reports.JUnit)); !strings.Contains(xml, "<testsuite") {
		t.Errorf("no JUnit report at %s", job.Artifacts.Reports.JUnit)
	}
	for _, p := range job.Artifacts.Paths {
		if _, err := os.Stat(filepath.Join(dir, p)); err != nil {
			t.Errorf("artifacts: %v", err)
		}
	}
	if code, _, out := run("aopscan-config"); code != 0 {
		t.Errorf("config: exit code %d\n%s", code, out)
	}
}

func TestDockerfile(t *testing.T) {
	var froms, last []string
	for line := range strings.Lines(strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", " ")) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if f[0] == "FROM" {
			froms, last = append(froms, strings.Join(f[1:], " ")), nil
		}
		last = append(last, strings.Join(f, " "))
	}
	if len(froms) != 2 || froms[1] != "scratch" || !strings.Contains(froms[0], "golang:"+goVersion(t)) {
		t.Errorf("stages %q: want golang:%s, then scratch", froms, goVersion(t))
	}
	final := strings.Join(last, "\n")
	for _, want := range []string{"USER 65532:65532", `ENTRYPOINT ["/aopscan"]`, "/etc/ssl/certs/ca-certificates.crt"} {
		if !strings.Contains(final, want) {
			t.Errorf("the final stage lacks %s", want)
		}
	}
	if strings.Contains(final, "RUN ") {
		t.Error("the final stage has no shell to run anything with")
	}
	// In an image without a loader the binary must not ask for one.
	if runtime.GOOS == "linux" {
		f, err := elf.Open(binary)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP {
				t.Error("the binary is not static")
			}
		}
	}
}

// goVersion is the Go version of go.mod as "1.26".
func goVersion(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if m == nil {
		t.Fatal("go.mod names no version")
	}
	return m[1]
}

func TestGoVersionsAgree(t *testing.T) {
	if img := "image: golang:" + goVersion(t); !strings.Contains(read(t, "docs/ci/gitlab.yml"), img) {
		t.Errorf("docs/ci/gitlab.yml: want %s", img)
	}
}

func TestGoreleaser(t *testing.T) {
	var c struct {
		Version     int
		ProjectName string `yaml:"project_name"`
		Before      struct{ Hooks []string }
		Builds      []struct {
			Main, Binary        string
			Env, Flags, Ldflags []string
			ModTimestamp        string `yaml:"mod_timestamp"`
			Goos, Goarch        []string
		}
		Archives []struct {
			Formats         []string
			FormatOverrides []struct {
				Goos    string
				Formats []string
			} `yaml:"format_overrides"`
			NameTemplate string `yaml:"name_template"`
			Files        []yaml.Node
		}
		Source   struct{ Enabled bool }
		Sboms    []struct{ ID, Artifacts string }
		Checksum struct {
			NameTemplate string `yaml:"name_template"`
			Algorithm    string
		}
		Changelog struct{ Use, Sort string }
		Release   struct {
			Github     struct{ Owner, Name string }
			Prerelease string
			Draft      bool
		}
	}
	decode(t, ".goreleaser.yaml", &c)
	if c.Version != 2 || len(c.Builds) != 1 || len(c.Sboms) != 2 || c.Checksum.Algorithm != "sha256" || !c.Source.Enabled {
		t.Errorf("version %d, %d builds, %d SBOMs, checksum %q, source %t", c.Version, len(c.Builds), len(c.Sboms), c.Checksum.Algorithm, c.Source.Enabled)
	}
	b := c.Builds[0]
	if !slices.Contains(b.Env, "CGO_ENABLED=0") || !slices.Contains(b.Flags, "-trimpath") || b.ModTimestamp == "" {
		t.Error("the build is not static or not reproducible")
	}
	// -X of a variable that is not there is silently nothing.
	source := read(t, "cmd/aopscan/main.go")
	for _, m := range regexp.MustCompile(`-X main\.(\w+)=`).FindAllStringSubmatch(strings.Join(b.Ldflags, " "), -1) {
		if !regexp.MustCompile(`(?m)^\s+` + m[1] + `\s+=\s+""`).MatchString(source) {
			t.Errorf("main.%s is set by the linker and is no string variable of cmd/aopscan/main.go", m[1])
		}
	}
	// What the hooks make is what the archives take.
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), binary, "man", filepath.Join(dir, "man")).CombinedOutput(); err != nil {
		t.Errorf("aopscan man: %v\n%s", err, out)
	}
	if pages, _ := filepath.Glob(filepath.Join(dir, "man", "*.1")); len(pages) == 0 {
		t.Error("no man pages")
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, err := exec.CommandContext(t.Context(), binary, "completion", shell).Output(); err != nil || len(out) == 0 {
			t.Errorf("completion %s: %v", shell, err)
		}
	}
}

func TestPreCommitHook(t *testing.T) {
	var hooks []struct{ ID, Name, Description, Entry, Language, Files string }
	decode(t, ".pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 1 || hooks[0].Language != "golang" {
		t.Fatalf("hooks: %+v", hooks)
	}
	files := regexp.MustCompile(hooks[0].Files)
	for path, want := range map[string]bool{"aopscan.yaml": true, "staging/aopscan.yaml": true, "aopscan.yml": true, "myaopscan.yaml": false, "aopscan.yaml.md": false} {
		if files.MatchString(path) != want {
			t.Errorf("%s: matches %t", path, !want)
		}
	}
	// The entry with the names of files behind it, as pre-commit runs it.
	dir := t.TempDir()
	for name, text := range map[string]string{"good.yaml": "zones: [example.com]\n", "bad.yaml": "zones: 7\nnonsense: 1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(names ...string) (string, error) {
		entry := strings.Fields(hooks[0].Entry)
		cmd := exec.CommandContext(t.Context(), binary, append(entry[1:], names...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("good.yaml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run("good.yaml", "bad.yaml"); err == nil || !strings.Contains(out, "bad.yaml:2") {
		t.Errorf("a bad file passes: %v\n%s", err, out)
	}
	var example struct {
		Repos []struct {
			Repo, Rev string
			Hooks     []struct{ ID string }
		}
	}
	decode(t, "docs/ci/pre-commit-config.yaml", &example)
	if example.Repos[0].Hooks[0].ID != hooks[0].ID {
		t.Errorf("the example names hook %s", example.Repos[0].Hooks[0].ID)
	}
}

var mdLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestDocsLinks: what README and docs point to in this repository is there, and so
// is every document of ours that the program points its users to.
func TestDocsLinks(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range append(pages, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mdLink.FindAllStringSubmatch(string(b), -1) {
			path, _, _ := strings.Cut(m[1], "#")
			if path == "" || strings.Contains(path, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), path)); err != nil {
				t.Errorf("%s points to %s, which is not there", page, m[1])
			}
		}
	}
	ours := regexp.MustCompile(`github\.com/aopscan/aopscan/(?:blob/main/)?(docs/[a-z0-9./-]+\.(?:md|json))`)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range ours.FindAllStringSubmatch(string(b), -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s points to %s, which is not there", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
