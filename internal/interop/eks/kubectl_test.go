package eks_test

import (
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// debianKubectl is not looked up in PATH, where a newer one may be first.
const debianKubectl = "../kubernetes-client/usr/bin/kubectl"

// kubectlPath is the variable with the path of Debian's kubectl for the test's program, if that is
// started as kubectl.
const kubectlPath = "ONAFED_TEST_KUBECTL"

// kubectl is Debian's kubectl 1.20, except for "config": that ends with a panic whenever it writes a
// user, because it was compiled with a Go that is too new for it. Here the same libraries, client-go
// and pflag, do it with the flags of kubectl (k8s.io/kubectl, pkg/cmd/config).
func kubectl(args []string) error {
	if args[0] != "config" {
		cmd := exec.Command(os.Getenv(kubectlPath), args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return cmd.Run()
	}
	flags := pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	version := flags.String("exec-api-version", "", "")
	command := flags.String("exec-command", "", "")
	arguments := flags.StringSlice("exec-arg", nil, "")
	current := flags.Bool("current", false, "")
	user := flags.String("user", "", "")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	path := os.Getenv("KUBECONFIG")
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return err
	}
	switch {
	case flags.Arg(0) == "set-credentials" && flags.NArg() == 2:
		config.AuthInfos[flags.Arg(1)] = &api.AuthInfo{Exec: &api.ExecConfig{APIVersion: *version, Command: *command, Args: *arguments}}
	case flags.Arg(0) == "set-context" && *current:
		config.Contexts[config.CurrentContext].AuthInfo = *user
	default:
		return fmt.Errorf("kubectl config with %q", flags.Args())
	}
	return clientcmd.WriteToFile(*config, path)
}
