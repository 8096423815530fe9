package idptest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// mypkg is the program in the example of the package documentation.
var mypkg struct{ deploy }

type deploy struct{}

func (deploy) Deploy() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "deployed") })
}

// TestDeploy is the example in the package documentation. TestSampleIsInTheDocs compares them.
func TestDeploy(t *testing.T) {
	iss := idptest.NewIssuer(t, nil) // https://app.gitpod.io, in memory
	keys, err := issuer.NewIssuerKeySet(iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: iss.Client()})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := issuer.NewVerifier(iss.URL, keys, &issuer.VerifierOptions{
		Audiences: []string{"deploy"}, Organizations: []string{idptest.OrganizationID},
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := iss.TokenSource("deploy").Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/deploy", nil)
	r.Header.Set("Authorization", "Bearer "+token.Raw())
	if verifier.Middleware(mypkg.Deploy()).ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Errorf("status %d, want 200", w.Code)
	}
}

func TestSampleIsInTheDocs(t *testing.T) {
	t.Parallel()
	cut := func(file, prefix string) string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.SplitSeq(string(b), "\n") {
			line, ok := strings.CutPrefix(line, prefix)
			if !ok || len(lines) == 0 && !strings.HasPrefix(line, "func TestDeploy(") {
				if len(lines) > 0 {
					break
				}
				continue
			}
			lines = append(lines, line)
			if line == "}" {
				break
			}
		}
		return strings.Join(lines, "\n")
	}
	doc, test := cut("doc.go", "//\t"), cut("sample_test.go", "")
	if doc != test || len(doc) < 500 {
		t.Errorf("doc.go has\n%s\nand the test is\n%s", doc, test)
	}
}

// This source fails once with a temporary error, and then always with another error.
func ExampleSequence() {
	src := idptest.Sequence(
		idptest.Fails(errors.New("the token service is down")),
		idptest.Fails(errors.New("no such audience")),
	)
	for range 3 {
		_, err := src.Token(context.Background())
		fmt.Println(err)
	}
	// Output:
	// the token service is down
	// no such audience
	// no such audience
}

// The error names the broken rule and its reason.
func ExampleTestTokenSource() {
	err := idptest.TestTokenSource(context.Background(), idptest.Fails(nil))
	fmt.Println(err)
	// Output: idptest: token source breaks the rule token: a call returned no token and no error (callers check only the error)
}
