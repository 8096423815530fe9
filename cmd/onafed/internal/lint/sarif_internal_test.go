package lint

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// TestSARIF checks what the schema of SARIF 2.1.0 and code scanning ask for: version, a named
// driver, rules by id, a level, a message and a location with a URI and a line for each result.
func TestSARIF(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := filepath.Join(dir, "a folder", "100%.json")
	if err := os.MkdirAll(filepath.Dir(open), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(open, []byte(`{"RoleDetailList":[{"RoleName":"open","Arn":"arn:aws:iam::123456789012:role/open","AssumeRolePolicyDocument":{"Version":"2012-10-17",
"Id":"é","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},"Action":"sts:AssumeRoleWithWebIdentity"}]}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, messages bytes.Buffer
	command := &Command{Files: []string{open}, SARIF: true}
	err := command.Run(t.Context(), &terminal.Terminal{Out: &out, Err: &messages})
	if status, _ := exit.Status(err); status != exit.No {
		t.Fatalf("%v, want status 1: %s", err, messages.String())
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
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
			Results []struct {
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
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || log.Schema == "" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name != "onafed" || log.Runs[0].ColumnKind != "unicodeCodePoints" || len(log.Runs[0].Results) == 0 {
		t.Fatalf("not a SARIF log of one run: %s", out.String())
	}
	var rules []string
	for _, r := range log.Runs[0].Tool.Driver.Rules {
		if r.ShortDescription.Text == "" {
			t.Errorf("rule %s has no description", r.ID)
		}
		rules = append(rules, r.ID)
	}
	if !slices.IsSorted(rules) || len(slices.Compact(slices.Clone(rules))) != len(rules) {
		t.Errorf("rules %q, want each once and in order", rules)
	}
	for _, r := range log.Runs[0].Results {
		if !slices.Contains(rules, r.RuleID) {
			t.Errorf("result of rule %q, which the driver does not have", r.RuleID)
		}
		if !slices.Contains([]string{"error", "warning", "note"}, r.Level) || r.Message.Text == "" || len(r.Locations) != 1 {
			t.Errorf("result %+v lacks something", r)
			continue
		}
		at := r.Locations[0]
		uri, err := url.Parse(at.PhysicalLocation.ArtifactLocation.URI)
		if err != nil || uri.Scheme != "file" || filepath.FromSlash(uri.Path) != open {
			t.Errorf("location %+v (%v), want %s", at, err, open)
		}
		if region := at.PhysicalLocation.Region; region.StartLine != 2 || region.StartColumn != len(`"Id":"e","Statement":[{`) {
			t.Errorf("region %+v, want the brace of the statement in line 2", region)
		}
		if len(at.LogicalLocations) != 1 || at.LogicalLocations[0].FullyQualifiedName != `"arn:aws:iam::123456789012:role/open"` {
			t.Errorf("logical location %+v, want the role", at.LogicalLocations)
		}
	}
}

func TestFileURI(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"-": "stdin", "a b/c.json": "a%20b/c.json", "c:d.json": "./c:d.json", "100%.json": "100%25.json"} {
		if got := fileURI(path); got != want {
			t.Errorf("fileURI(%q) = %q, want %q", path, got, want)
		}
	}
}
