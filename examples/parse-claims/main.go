// Command parse-claims prints what package claims reads from a token: the identity in it, for all
// versions of Ona's tokens. It needs no network and does not verify the signature.
//
//	go run ./examples/parse-claims                    # three built-in payloads
//	ona idp token --audience x | go run ./examples/parse-claims -
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/onafed/onafed/claims"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "parse-claims:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 0:
		return samples(out)
	case len(args) == 1 && args[0] == "-":
		token, err := bufio.NewReader(io.LimitReader(in, claims.MaxTokenSize+3)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		_, c, err := claims.ParseUnverified(strings.TrimRight(token, "\r\n"))
		if err != nil {
			return err
		}
		return show(out, c)
	}
	return fmt.Errorf("give no argument, or - to read a token from standard input; all users of the machine can see arguments")
}

func samples(out io.Writer) error {
	for _, payload := range []string{
		// V2, an environment in a project: the sample on Ona's page "AWS (V2)".
		`{"aud":"sts.amazonaws.com","exp":1740517845,"iat":1740514245,"iss":"https://app.gitpod.io","org":"0191e223-1c3c-7607-badf-303c98b52d2f",
		  "sub":"org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196"}`,
		// V3, the same environment. Its default subject does not contain the environment, but a
		// claim does.
		`{"aud":["sts.amazonaws.com"],"exp":1740517845,"iat":1740514245,"iss":"https://app.gitpod.io",
		  "organization_id":"0191e223-1c3c-7607-badf-303c98b52d2f","project_id":"019527e4-75d5-704d-a5a4-a2b52cf56198",
		  "environment_id":"019527e4-75d5-704d-a5a4-a2b52cf56196",
		  "sub":"organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198"}`,
		// V3 with the extra field creator_name. The name of the creator imitates another project.
		`{"aud":["sts.amazonaws.com"],"exp":1740517845,"iat":1740514245,"iss":"https://app.gitpod.io",
		  "organization_id":"0191e223-1c3c-7607-badf-303c98b52d2f","environment_id":"019527e4-75d5-704d-a5a4-a2b52cf56196",
		  "creator_name":"x:project_id:01960000-0000-7000-8000-000000000001",
		  "sub":"organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:environment_id:019527e4-75d5-704d-a5a4-a2b52cf56196:creator_name:x:project_id:01960000-0000-7000-8000-000000000001"}`,
	} {
		c, err := claims.Parse([]byte(payload))
		if err != nil {
			return err
		}
		if err := show(out, c); err != nil {
			return err
		}
	}
	return nil
}

func show(out io.Writer, c claims.Claims) error {
	id, err := c.Identity()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s token for %q\n", c.Version(), c.Audience)
	fmt.Fprintf(out, "  identity      %s\n", id)
	fmt.Fprintf(out, "  organization  %s\n", id.Organization())
	fmt.Fprintf(out, "  project       %s\n", id.Project())
	fmt.Fprintf(out, "  session name  %s\n", id.SessionName())
	fmt.Fprintf(out, "  subject       %s\n", claims.RedactSubject(c.Subject))
	if v2, err := id.SubjectV2(); err == nil {
		fmt.Fprintf(out, "  as V2         %s\n", v2)
	}
	return nil
}
