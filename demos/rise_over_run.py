# %% [markdown]
"""
# Rise over run

Text.
"""

# %%
print("rise_over_run")
