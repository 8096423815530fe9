package fakenet

import (
	"crypto/x509"
	"fmt"
	"os"
	"runtime"
)

// Trusting returns a program of a test that runs main and trusts the certificates in the file that
// SSL_CERT_FILE names. Go reads that variable on Unix without help, but not on Windows.
func Trusting(main func()) func() {
	if runtime.GOOS != "windows" {
		return main
	}
	return func() {
		if err := trust(os.Getenv("SSL_CERT_FILE")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		main()
	}
}

// trust makes the certificates in a file the only roots of this process. An empty path changes
// nothing.
func trust(path string) error {
	if path == "" {
		return nil
	}
	pem, err := os.ReadFile(path) //nolint:gosec // the test names the file
	if err != nil {
		return fmt.Errorf("SSL_CERT_FILE: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("SSL_CERT_FILE: %s has no certificates", path)
	}
	// Without this setting, Go uses the fallback only where the system has no roots.
	if err := os.Setenv("GODEBUG", "x509usefallbackroots=1"); err != nil {
		return err
	}
	x509.SetFallbackRoots(roots)
	return nil
}
