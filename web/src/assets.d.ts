/** Stylesheets that a page brings along; the build puts them into one file. */
declare module "*.css";
