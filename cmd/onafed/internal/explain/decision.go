package explain

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// decision is the decision on the policy of a document.
type decision struct {
	document policyfile.Document
	result   trust.Decision
}

// MarshalJSON returns the members of the decision after the two that scripts look for: the answer,
// and the address of the role in Terraform.
func (d decision) MarshalJSON() ([]byte, error) {
	answer, err := json.Marshal(struct {
		Allowed bool   `json:"allowed"`
		Address string `json:"address,omitempty"`
	}{d.result.Allowed(), d.document.Address})
	if err != nil {
		return nil, err
	}
	members, err := json.Marshal(d.result.Explain())
	if err != nil {
		return nil, err
	}
	answer[len(answer)-1] = ','
	return append(answer, members[1:]...), nil
}

func (c *Command) print(t *terminal.Terminal, decisions []decision) error {
	if c.JSON {
		if len(decisions) == 1 {
			return t.WriteJSON(decisions[0])
		}
		return t.WriteJSON(decisions)
	}
	for _, d := range decisions {
		text := d.text()
		if len(decisions) > 1 {
			name, _ := d.document.Name()
			text = name + ": " + text
		}
		if _, err := io.WriteString(t.Out, styled(t, d.result.Outcome, text)); err != nil {
			return err
		}
	}
	return nil
}

// text returns the explanation, which ends with the suggested change.
func (d decision) text() string {
	x := d.result.Explain()
	text := x.Text()
	if x.Suggestion == nil {
		return text
	}
	denied := "token"
	if x.CallerARN != "" {
		denied = "call"
	}
	text += fmt.Sprintf("the smallest change of statement %d that allows this %s, if it should be allowed:\n", x.Suggestion.Statement+1, denied)
	for _, c := range x.Suggestion.Changes {
		text += "  " + c.Message + "\n"
	}
	return text
}

// styled marks the lines of an explanation on a terminal.
func styled(t *terminal.Terminal, outcome trust.Outcome, text string) string {
	var b strings.Builder
	first := true
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		style := map[string]terminal.Style{"  + ": terminal.Good, "  - ": terminal.Bad, "  ? ": terminal.Unsure}[line[:min(len(line), 4)]]
		switch {
		case first:
			style = styleOf(outcome)
		case style != terminal.Plain:
			line = "  " + t.Mark(style, line[2:3]) + line[3:]
		}
		b.WriteString(t.Paint(style, line) + "\n")
		first = false
	}
	return b.String()
}

// styleOf returns the style of a decision.
func styleOf(o trust.Outcome) terminal.Style {
	switch o {
	case trust.Allowed:
		return terminal.Good
	case trust.Denied:
		return terminal.Bad
	default:
		return terminal.Unsure
	}
}
