package main

import (
	"maps"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/onafed/onafed/awsfed/trust"
)

// sarif is the log of one run in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS), as far as code scanning reads it.
// Code scanning wants a line for everything, and a policy in a string of a plan has none of its own: the first stands for the file.
func sarif(all []linted) any {
	type message struct {
		Text string `json:"text"`
	}
	type rule struct {
		ID    string  `json:"id"`
		Short message `json:"shortDescription"`
	}
	type artifact struct {
		URI string `json:"uri"`
	}
	type region struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	type physical struct {
		Artifact artifact `json:"artifactLocation"`
		Region   region   `json:"region"`
	}
	type logical struct {
		Name string `json:"fullyQualifiedName"`
	}
	type location struct {
		Physical physical  `json:"physicalLocation"`
		Logical  []logical `json:"logicalLocations,omitempty"`
	}
	type result struct {
		RuleID    string     `json:"ruleId"`
		Level     string     `json:"level"`
		Message   message    `json:"message"`
		Locations []location `json:"locations"`
	}
	type driver struct {
		Name           string `json:"name"`
		InformationURI string `json:"informationUri"`
		Rules          []rule `json:"rules"`
	}
	type tool struct {
		Driver driver `json:"driver"`
	}
	type run struct {
		Tool       tool     `json:"tool"`
		ColumnKind string   `json:"columnKind"`
		Results    []result `json:"results"`
	}

	rules := make(map[string]rule)
	results := []result{}
	for _, l := range all {
		for _, f := range l.findings {
			if _, known := rules[f.ID]; !known {
				rules[f.ID] = rule{ID: f.ID, Short: message{f.Why}}
			}
			where := location{Physical: physical{artifact{fileURI(l.file)}, region{max(f.Line, 1), f.Column}}}
			if name := nameOf(l.document); name != "the policy" {
				where.Logical = []logical{{name}}
			}
			results = append(results, result{
				RuleID:    f.ID,
				Level:     level(f.Severity),
				Message:   message{f.Message + ". " + f.Why},
				Locations: []location{where},
			})
		}
	}
	sorted := []rule{}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		sorted = append(sorted, rules[id])
	}
	return struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []run  `json:"runs"`
	}{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []run{{Tool: tool{driver{"onafed", "https://github.com/onafed/onafed", sorted}}, ColumnKind: "unicodeCodePoints", Results: results}},
	}
}

// fileURI is a path as a URI reference, which a relative one stays, so that code scanning finds it in the repository.
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

// level is SARIF's word for a severity.
func level(s trust.Severity) string {
	switch s {
	case trust.SeverityError:
		return "error"
	case trust.SeverityWarning:
		return "warning"
	default:
		return "note"
	}
}
