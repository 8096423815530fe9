package policylint

import (
	"maps"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/onafed/onafed/awsfed/trust/lint"
)

// The types below are the members of the Static Analysis Results Interchange Format, version 2.1.0
// (OASIS), that code scanning reads.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string       `json:"id"`
		Short sarifMessage `json:"shortDescription"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
)

// sarif returns the findings as the log of one run.
func sarif(reports []report) sarifLog {
	rules := make(map[string]sarifRule)
	results := []sarifResult{}
	for _, r := range reports {
		for _, f := range r.findings {
			if _, known := rules[f.ID]; !known {
				rules[f.ID] = sarifRule{ID: f.ID, Short: sarifMessage{f.Why}}
			}
			results = append(results, sarifResult{
				RuleID:    f.ID,
				Level:     level(f.Severity),
				Message:   sarifMessage{f.Message + ". " + f.Why},
				Locations: []sarifLocation{location(r, f)},
			})
		}
	}
	sorted := []sarifRule{}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		sorted = append(sorted, rules[id])
	}
	tool := sarifTool{sarifDriver{"onafed", "https://github.com/onafed/onafed", sorted}}
	return sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{{Tool: tool, ColumnKind: "unicodeCodePoints", Results: results}},
	}
}

// location returns where a finding is. Code scanning requires a line: a policy in a string of a
// plan has none, and gets the first line of the file.
func location(r report, f lint.Finding) sarifLocation {
	where := sarifLocation{Physical: sarifPhysical{sarifArtifact{fileURI(r.file)}, sarifRegion{max(f.Line, 1), f.Column}}}
	if name, ok := r.document.Name(); ok {
		where.Logical = []sarifLogical{{name}}
	}
	return where
}

// fileURI returns a path as a URI reference. A relative path stays relative, so that code scanning
// finds the file in the repository.
func fileURI(path string) string {
	switch {
	case path == "-":
		return "stdin"
	case filepath.IsAbs(path):
		slashed := filepath.ToSlash(path)
		if slashed[0] != '/' { // C:/...
			slashed = "/" + slashed
		}
		return (&url.URL{Scheme: "file", Path: slashed}).String()
	}
	return (&url.URL{Path: filepath.ToSlash(path)}).String()
}

// level returns SARIF's word for a severity.
func level(s lint.Severity) string {
	switch s {
	case lint.Error:
		return "error"
	case lint.Warning:
		return "warning"
	default:
		return "note"
	}
}
