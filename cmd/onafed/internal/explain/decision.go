package explain

import (
	"encoding/json"
	"fmt"
	"io"

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
		if len(decisions) > 1 {
			name, _ := d.document.Name()
			fmt.Fprintf(t.Out, "%s: ", name)
		}
		if _, err := io.WriteString(t.Out, d.result.Explain().Text()); err != nil {
			return err
		}
	}
	return nil
}
