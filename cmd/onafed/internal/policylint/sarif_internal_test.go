package policylint

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// The members of a SARIF log that the schema of SARIF 2.1.0 and code scanning require. They are
// written down a second time, so that a wrong name in the package is found.
type (
	log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []logRun
	}
	logRun struct {
		ColumnKind string
		Tool       struct {
			Driver struct {
				Name  string
				Rules []struct {
					ID               string
					ShortDescription struct{ Text string }
				}
			}
		}
		Results []logResult
	}
	logResult struct {
		RuleID    string
		Level     string
		Message   struct{ Text string }
		Locations []struct {
			PhysicalLocation struct {
				ArtifactLocation struct{ URI string }
				Region           struct{ StartLine, StartColumn int }
			}
			LogicalLocations []struct{ FullyQualifiedName string }
		}
	}
)

// openPolicy is the policy of one role. Its statement begins in line 2.
const openPolicy = `{"RoleDetailList":[{"RoleName":"open","Arn":"arn:aws:iam::123456789012:role/open","AssumeRolePolicyDocument":{"Version":"2012-10-17",
"Id":"é","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},"Action":"sts:AssumeRoleWithWebIdentity"}]}}]}`

func TestSARIF(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a folder", "100%.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(openPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, messages bytes.Buffer
	command := &Command{Files: []string{file}, SARIF: true}
	err := command.Run(t.Context(), &terminal.Terminal{Out: &out, Err: &messages})
	if status, _ := exit.Status(err); status != exit.No {
		t.Fatalf("%v, want status 1: %s", err, messages.String())
	}
	var l log
	if err := json.Unmarshal(out.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	if l.Version != "2.1.0" || l.Schema == "" || len(l.Runs) != 1 {
		t.Fatalf("not a SARIF log of one run: %s", out.String())
	}
	run := l.Runs[0]
	if run.Tool.Driver.Name != "onafed" || run.ColumnKind != "unicodeCodePoints" || len(run.Results) == 0 {
		t.Fatalf("not a run with results: %s", out.String())
	}
	var rules []string
	for _, r := range run.Tool.Driver.Rules {
		if r.ShortDescription.Text == "" {
			t.Errorf("rule %s has no description", r.ID)
		}
		rules = append(rules, r.ID)
	}
	if !slices.IsSorted(rules) || len(slices.Compact(slices.Clone(rules))) != len(rules) {
		t.Errorf("rules %q, want each once and in order", rules)
	}
	for _, r := range run.Results {
		r.check(t, rules, file)
	}
}

// check requires a known rule, a level, a message, and the location of the statement.
func (r *logResult) check(t *testing.T, rules []string, file string) {
	t.Helper()
	if !slices.Contains(rules, r.RuleID) {
		t.Errorf("the driver has no rule %q", r.RuleID)
	}
	if !slices.Contains([]string{"error", "warning", "note"}, r.Level) || r.Message.Text == "" || len(r.Locations) != 1 {
		t.Errorf("result %+v has no level, message or location", r)
		return
	}
	at := r.Locations[0]
	uri, err := url.Parse(at.PhysicalLocation.ArtifactLocation.URI)
	path := "/" + strings.TrimPrefix(filepath.ToSlash(file), "/") // on Windows: /C:/folder/file
	if err != nil || uri.Scheme != "file" || uri.Path != path {
		t.Errorf("location %+v (%v), want %s", at, err, file)
	}
	if region := at.PhysicalLocation.Region; region.StartLine != 2 || region.StartColumn != len(`"Id":"e","Statement":[{`) {
		t.Errorf("region %+v, want the brace of the statement in line 2", region)
	}
	if len(at.LogicalLocations) != 1 || at.LogicalLocations[0].FullyQualifiedName != `"arn:aws:iam::123456789012:role/open"` {
		t.Errorf("logical location %+v, want the role", at.LogicalLocations)
	}
}

func TestFileURI(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"-": "stdin", "a b/c.json": "a%20b/c.json", "c:d.json": "./c:d.json", "100%.json": "100%25.json",
	} {
		if got := fileURI(path); got != want {
			t.Errorf("fileURI(%q) = %q, want %q", path, got, want)
		}
	}
}
