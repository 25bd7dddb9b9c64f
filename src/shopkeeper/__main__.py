"""`python -m shopkeeper` is the `shopkeeper` command."""

from shopkeeper.cli.main import main

if __name__ == "__main__":
    main()
