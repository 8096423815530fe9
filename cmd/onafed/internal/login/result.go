package login

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/onafed/onafed/cmd/onafed/internal/role"
)

// result is what a login wrote.
type result struct {
	Profile    string   `json:"profile"`
	File       string   `json:"file"`
	Mode       string   `json:"mode"`
	RoleARN    string   `json:"roleArn"` // the last role of a chain
	Chain      []string `json:"chain,omitempty"`
	Identity   string   `json:"identity,omitempty"` // the ARN of the session
	Region     string   `json:"region,omitempty"`
	Expiration string   `json:"expiration,omitempty"`
	State      string   `json:"state,omitempty"` // with --file
}

func (l *login) result(state string) result {
	r := result{Profile: l.Profile, File: l.files.credentials.Path(), Mode: l.Mode, RoleARN: l.RoleARN, Identity: l.identity, Region: l.region, State: state}
	if l.Mode == "process" {
		r.File = l.files.config.Path()
	}
	if len(l.NextRole) > 0 {
		r.Chain = append(r.Chain, l.RoleARN)
		for _, next := range l.NextRole {
			r.Chain = append(r.Chain, next.RoleARN)
		}
		r.RoleARN = r.Chain[len(r.Chain)-1]
	}
	if l.credentials.CanExpire {
		r.Expiration = l.credentials.Expires.UTC().Format(time.RFC3339)
	}
	return r
}

// writeTable prints the table of --file.
func writeTable(w io.Writer, results []result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROFILE\tROLE\tACCOUNT\tREGION\tEXPIRES\tSTATE")
	for _, r := range results {
		names := make([]string, 0, len(r.Chain))
		for _, one := range r.Chain {
			a, _ := role.Parse(one) // the names of the flags are valid
			names = append(names, a.Name)
		}
		last, _ := role.Parse(r.RoleARN)
		if len(names) == 0 {
			names = append(names, last.Name)
		}
		expires := r.Expiration
		if r.Mode == "process" {
			expires = "process"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Profile, strings.Join(names, " > "), orDash(last.Account), orDash(r.Region), orDash(expires), r.State)
	}
	return table.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
