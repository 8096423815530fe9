package export_test

import (
	"context"
	"errors"
	"net"
	"os/user"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// A program can find the refused option in the error, and the error names it.
func TestRefusedOptionsAreData(t *testing.T) {
	t.Parallel()
	token := idp.Static(idToken(t, 1, time.Hour))
	creds := always(credentials(1))
	second := func(_ any, err error) error { return err }
	cache, _ := openCache(t)
	type test struct {
		function, option string
		err              error
	}
	tests := []test{
		{"NewTokenFile", "path", second(export.NewTokenFile("", token, nil))},
		{"NewTokenFile", "src", second(export.NewTokenFile("x", nil, nil))},
		{"NewTokenFile", "Group", second(export.NewTokenFile("x", token, &export.TokenFileOptions{Group: "no such group"}))},
		{"NewHandler", "src", second(export.NewHandler(nil, handlerToken, nil))},
		{"NewHandler", "token", second(export.NewHandler(creds, "short", nil))},
		{"NewHandler", "token", second(export.NewHandler(creds, handlerToken+"\n", nil))},
		{"Handler.Serve", "l", newHandler(t, creds, nil).Serve(t.Context(), listenEverywhere(t))},
		{"Env", "shell", second(export.Env("tcsh", credentials(1)))},
		{"CommandLine", "program", second(export.CommandLine("onafed"))},
		{"CommandLine", "args", second(export.CommandLineFor("linux", "/x", []string{"a\nb"}))},
		{"Process", "src", export.Process(t.Context(), nil, nil)},
		{"Cache.Entry", "Fetch", second(cache.Entry(context.Background(), export.CacheRequest{}))},
	}
	if runtime.GOOS != "windows" { // there, owners are not checked
		tests = append(tests, test{"NewCredentialsFile", "TrustedOwner", second(export.NewCredentialsFile("x", &export.FileOptions{TrustedOwner: "no such user"}))})
	}
	for _, tt := range tests {
		refused, ok := errors.AsType[*export.OptionError](tt.err)
		if !ok || refused.Func != tt.function || refused.Option != tt.option {
			t.Errorf("%s, %s: %v, want an *OptionError with these names", tt.function, tt.option, tt.err)
			continue
		}
		text, prefix := refused.Error(), "export: "+tt.function+": "+tt.option+": "
		if !strings.HasPrefix(text, prefix) || len(text) > 300 || strings.Contains(text, handlerToken) {
			t.Errorf("%s: want at most 300 bytes that begin with %q, and no token", text, prefix)
		}
	}
}

func listenEverywhere(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A user and a group can be given by their name.
func TestNamesOfOwners(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := export.NewCredentialsFile("x", &export.FileOptions{TrustedOwner: me.Username}); err != nil {
		t.Errorf("TrustedOwner %q: %v", me.Username, err)
	}
}
