"""`python -m shopkeeper` is the `shopkeeper` command."""

from shopkeeper.apps.cli.main import main

if __name__ == "__main__":
    main()
